"""Random changes of the training pictures: a section of a study."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from spectrograms.params import Params

Share = Annotated[float, Field(ge=0, le=1)]


class AugmentParams(Params):
    """Random changes of the training pictures; all off by default. Reflection reverses time on a spectrogram."""

    translation: NonNegativeFloat = 0.0  # pixels of the network's input, each way (MATLAB's example: 30)
    scale: tuple[PositiveFloat, PositiveFloat] = (1.0, 1.0)  # (MATLAB's example: 0.9, 1.1)
    reflection: bool = False  # left to right, for every other picture
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0  # degrees, each way
    brightness: Share = 0.0  # factor from 1 - this to 1 + this, as torchvision's ColorJitter
    contrast: Share = 0.0  # about the mean grey of the picture, likewise
    saturation: Share = 0.0  # about the grey of each pixel, likewise
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0  # share of the colour circle, each way
    time_mask: Share = 0.0  # widest stripe of SpecAugment, as a share of the width
    frequency_mask: Share = 0.0  # and of the height
    erasing: Share = Field(0.0, description="share of pictures of which a rectangle is erased (Zhong et al. 2020)")
    mixup: NonNegativeFloat = Field(
        0.0, description="alpha of the Beta that pictures and their targets are mixed by, in pairs (Zhang et al. 2018)"
    )

    @model_validator(mode="after")
    def _consistent(self):
        if self.scale[0] > self.scale[1]:
            raise ValueError(f"scale must be the smallest and the largest factor; got {list(self.scale)}")
        return self

    def meaningless_on_spectrograms(self):
        """Return {setting: why} of the changes asked for that make of a spectrogram what no sound looks like."""
        return {name: why for name, why in MEANINGLESS_ON_SPECTROGRAMS.items() if getattr(self, name)}


_COLOUR = "its colours are a scale of decibels"
MEANINGLESS_ON_SPECTROGRAMS = {  # what a change of the picture would be of the sound
    "rotation": "it turns time into frequency",
    "reflection": "it plays the sound backwards",
    "saturation": _COLOUR,
    "hue": _COLOUR,
    "brightness": _COLOUR,
    "contrast": _COLOUR,
}
