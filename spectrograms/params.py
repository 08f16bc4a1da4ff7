"""Settings of the way from sound to picture: frozen, typed, each with its unit."""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

SAMPLE_RATE = 16000  # Hz: what most networks over sound read, and what is measured of a film's sound


class Params(BaseModel, frozen=True, extra="forbid"):
    """A section of a study: immutable, and an unknown key is an error."""

    def changed(self):
        """Return the names of the settings that are not their defaults."""
        return {name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default}

    def changed_by(self, own):
        """Return the settings that were given with those of the dict ``own`` in their place, still to be judged."""
        return self.model_dump(exclude_unset=True) | own


def content_hash(*parts):
    """Return 16 hex digits that change whenever any part (settings, plain JSON values, or a mixture) does."""
    text = json.dumps(parts, sort_keys=True, default=lambda section: section.model_dump(mode="json"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class ClipParams(Params):
    """Which seconds of a file are the clip."""

    duration: PositiveFloat = 15.0  # seconds
    offset: NonNegativeFloat = 0.0  # seconds from the start of the file
    # A file that ends early: silence, repeat, set aside, or as long as it is (what reads no picture of the sound).
    short: Literal["pad", "loop", "reject", "keep"] = "pad"


class MelParams(Params):
    """How a waveform becomes a mel spectrogram; names and defaults as in librosa."""

    sample_rate: PositiveInt = 22050  # Hz
    n_fft: PositiveInt = 2048  # samples
    hop_length: PositiveInt = 512  # samples
    n_mels: PositiveInt = 128  # bands
    fmin: NonNegativeFloat = 0.0  # Hz
    fmax: PositiveFloat | None = None  # Hz; half the sample rate unless given
    top_db: PositiveFloat = 80.0  # dB kept below the peak

    def n_frames(self, duration):
        """Frames of a clip of ``duration`` seconds, with centred windows."""
        # Half a window of silence on either side: an odd window loses a sample to the rounding, as in librosa.
        return 1 + (round(self.sample_rate * duration) - self.n_fft % 2) // self.hop_length

    @model_validator(mode="after")
    def _consistent(self):
        nyquist = self.sample_rate / 2
        top = nyquist if self.fmax is None else self.fmax
        if self.hop_length > self.n_fft:
            raise ValueError(f"hop_length must be in 1..n_fft={self.n_fft}; got {self.hop_length}")
        if not self.fmin < top <= nyquist:
            raise ValueError(
                f"0 <= fmin < fmax <= sample_rate/2 = {nyquist:g} Hz must hold; got fmin {self.fmin:g}, fmax {top:g}"
            )
        return self


def _known_colormap(name):
    from matplotlib import colormaps  # imported late: it takes a tenth of a second

    colormaps.get_cmap(name)  # else a ValueError that says which are near
    return name


class ImageParams(Params):
    """How a mel spectrogram becomes a picture."""

    style: Literal["pixels", "specshow"] = "pixels"  # one pixel per bin, or drawn by librosa.display
    colormap: Annotated[str, AfterValidator(_known_colormap)] = "magma"  # any matplotlib name
    size: tuple[PositiveInt, PositiveInt] | None = Field(
        None, description="(height, width) in pixels; unless given, one pixel per bin (pixels) or 224 x 224 (specshow)"
    )
