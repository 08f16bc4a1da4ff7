"""What shapes the features of a clip: what is read of it, by which network, and how its sound becomes segments."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, model_validator

from benchmark.config.estimators import ESTIMATORS, kind_of
from benchmark.config.texts import RECOGNISERS, TextParams
from spectrograms.params import SAMPLE_RATE, Params

# Music's are msd and mtt, of one million songs and of MagnaTagATune; preset is whatever KerasHub's preset has.
NAMED_WEIGHTS = ("imagenet", "places365", "openai", "preset", "audioset", "msd", "mtt", "wikipedia", "random")
OF_TEXTS = ("wikipedia", "random")  # of these, those of text encoders
PIXEL_SIZE = 64  # of frames that are read as pixels, unless input_size is given
# What can be read of a clip, and which kind of network reads it.
READS = {
    "picture": "image",  # the clip's picture: a photograph, a poster, the mel spectrogram of its sound
    "waveform": "sound",  # its sound at the network's sample rate, in windows
    "frames": "image",  # pictures at times of a film, each as a picture
    "pixels": None,  # frames of a film as they are
    "spectrogram": None,  # its sound as segments of a spectrogram, as they are
    "screen_text": "text",  # words that frames of a film show, found by a recogniser
    "speech": "text",  # words that are spoken in its sound at 16 kHz
    "low_level": None,  # measures of a film's shots, colours, light, motion and sound
    "given": None,  # features that were computed elsewhere
    "several": None,  # several features: those that the model's list of features names
    "nothing": None,  # what scores by chance, or by other models' scores
}
WEIGHTLESS = ("hashed_ngrams",)  # text encoders that have no weights, and no vector for a token
# What kinds of network a backbone may be, by what it begins with before its colon; the first is what it usually is.
BACKBONES = {"tensorflow_hub": ("sound",), "keras_hub": ("image", "text"), **dict.fromkeys(WEIGHTLESS, ("text",))}
# Who reads a setting that not all read: by what is read of a clip.
READ_BY = {
    "layer": ("picture", "frames"), "pooling": ("picture", "frames"),
    "options": ("picture", "frames", "waveform", "screen_text", "speech"), "text": ("screen_text", "speech"),
    "input_size": ("picture", "frames", "pixels", "given"), "crops": ("frames",), "resize": ("picture", "frames"),
    "output": ("waveform",), "random": ("waveform",), "sample_rate": ("waveform",), "key": ("given",),
    "sound": ("low_level",), "frames": ("frames", "pixels", "screen_text", "low_level", "several"),
    "weights_sha256": tuple(name for name, network in READS.items() if network),
}  # fmt: skip


def _sha256(digest):
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise ValueError(f"a SHA-256 is 64 hexadecimal characters; got {len(digest)}: '{digest}'")
    return digest.lower()


def at_home(path):
    """Return a path whose first folder is ~, or ~name, with that user's own folder in its place."""
    return type(path)(os.path.expanduser(path))


def kinds_of_network(backbone):
    """Return which kinds of network a backbone may name, the usual one first: 'image', 'sound', 'text'; None without.

    A builder of a module may build any."""
    if not isinstance(backbone, str):
        return (None,)
    is_library = backbone.startswith("keras.applications.") or ":" not in backbone
    return BACKBONES.get(backbone.partition(":")[0], ("image",) if is_library else ("image", "sound", "text"))


def usual_reads(given):
    """Return what a model reads that does not say it, as raw settings: None where it has no network either."""
    estimator = kind_of(given.get("estimator"))
    if given.get("fusion") or (estimator and not ESTIMATORS[estimator].reads):
        return "nothing"
    if isinstance(given.get("features"), list | tuple):
        return "several"
    kind = kinds_of_network(given.get("backbone"))[0]
    return {"image": "picture", "sound": "waveform"}.get(kind)  # of text it must be said: on the screen, or spoken


class SegmentParams(Params):
    """How the sound of a clip becomes segments of a spectrogram, one after the other (reads: spectrogram)."""

    seconds: PositiveFloat = 3.0  # of a segment; what is left at the end is no segment
    sample_rate: PositiveInt = 44100  # Hz
    n_fft: PositiveInt = 1024  # samples
    hop_length: PositiveInt = 1024  # samples; windows are centred
    n_mels: PositiveInt | None = Field(None, description="bands of a mel spectrogram; unless given, n_fft / 2 + 1 bins")
    scale: Literal["magnitude", "power", "decibels"] = "magnitude"  # decibels: relative to full scale, at least -100

    @property
    def n_steps(self):
        """Columns of one segment."""
        return 1 + round(self.seconds * self.sample_rate) // self.hop_length

    @property
    def dim(self):
        """Numbers of one column."""
        return self.n_mels or self.n_fft // 2 + 1

    @model_validator(mode="after")
    def _consistent(self):
        if self.seconds * self.sample_rate < self.n_fft:
            raise ValueError(f"a segment of {self.seconds:g} s is shorter than a window of {self.n_fft} samples")
        return self


class FeatureParams(Params):
    """What is read of a clip and becomes its features: a file in configs/features, or a part of a model."""

    reads: Literal[tuple(READS)] | None = Field(
        None, description="unless given: waveform with a tensorflow_hub backbone, else picture, or frames of a film"
    )
    backbone: str | None = Field(
        None,
        description="keras.applications.NAME, keras_hub:PRESET, tensorflow_hub:HANDLE or package.module:builder; "
        "of texts keras_hub:PRESET of DistilBERT, or hashed_ngrams",
    )
    weights: Annotated[str, AfterValidator(at_home)] | None = Field(
        "imagenet",
        description=f"{', '.join(NAMED_WEIGHTS)}, or a path; null without a network, and with hashed_ngrams",
    )
    weights_sha256: Annotated[str, AfterValidator(_sha256)] | None = Field(
        None, description="the weights file, or all files of a SavedModel's folder, must have this SHA-256"
    )
    input_size: PositiveInt | None = Field(None, description="pixels; the builder's own default unless given")
    layer: str | None = Field(
        None, description="layer whose output is the features; the global average pool unless given"
    )
    pooling: Literal["average", "flatten"] = "average"  # flatten: a map (height, width, n) as one vector
    crops: Literal[1, 10] = Field(
        1, description="frames: 10 for the mean over corners, middle and their mirror images (Krizhevsky et al. 2012)"
    )
    resize: Literal["stretch", "centre_crop"] = Field(
        "stretch",
        description="of pictures to input_size: all of it, bilinear; or the middle, aspect kept, bicubic, as CLIP does",
    )
    options: dict[str, int | float | str | bool | list[int]] = Field({}, description="further arguments of the builder")
    sample_rate: PositiveInt = Field(SAMPLE_RATE, description="waveform: Hz, that of the network")
    output: int | None = Field(None, description="tensorflow_hub: which of the returned tensors holds the embeddings")
    random: str | None = Field(None, description="tensorflow_hub: package.module:builder used for weights: random")
    key: str | None = Field(None, description="given: name of the features in each clip's file, where it has several")
    sound: bool = Field(False, description="low_level: measures of the sound too")
    frames: dict[str, Any] = Field({}, description="which frames of a film are read for it, unlike the study's")
    text: TextParams | None = Field(None, description="screen_text, speech: how words are found, and what is a step")

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, given):
        if not isinstance(given, dict):
            return given
        reads = given.get("reads") or usual_reads(given)
        kind = READS.get(reads) if isinstance(reads, str) else "image"
        if kind == "text":
            usual = {"weights": None if given.get("backbone") in WEIGHTLESS else "wikipedia"}
        else:
            usual = {} if kind else {"weights": None}
        return usual | given | {"reads": reads}

    @model_validator(mode="after")
    def _network_where_one_reads(self):
        if self.reads is None:
            raise ValueError(
                "it says neither what it reads nor a backbone: give 'features' (a file in configs/features/), "
                "'backbone', or 'reads'"
            )
        wanted = READS[self.reads]
        if wanted not in kinds_of_network(self.backbone):
            needs = f"needs a backbone, a network over {wanted}s" if wanted else "takes no backbone"
            raise ValueError(f"reads: {self.reads} {needs}; got {self.backbone or 'none'}")
        if not wanted and self.weights is not None:
            raise ValueError(f"weights has no effect on reads: {self.reads}, which has no network; leave it out")
        if wanted and self.weights is None and self.backbone not in WEIGHTLESS:
            raise ValueError(f"{self.backbone} needs weights: {', '.join(NAMED_WEIGHTS)}, or a path; got null")
        return self

    @model_validator(mode="after")
    def _words_are_found_and_encoded(self):
        if READS[self.reads] != "text":
            return self
        finders = " or ".join(name for name, row in RECOGNISERS.items() if row.reads == self.reads)
        if self.text is None or self.text.reads != self.reads:
            got = self.text.recogniser if self.text else "no text"
            raise ValueError(f"reads: {self.reads} needs text: {{recogniser: {finders}}}; got {got}")
        if self.backbone not in WEIGHTLESS:
            if self.weights in set(NAMED_WEIGHTS) - set(OF_TEXTS):
                raise ValueError(f"weights of a text encoder are {', '.join(OF_TEXTS)}, or a path; got {self.weights}")
        elif self.weights or self.weights_sha256:
            raise ValueError(f"{self.backbone} has no weights: leave out weights and weights_sha256")
        elif self.text.per == "token":
            raise ValueError(f"{self.backbone} has no vectors of tokens; set text.per: utterance or clip")
        return self

    @model_validator(mode="after")
    def _is_read(self):
        unread = {name: f"reads: {self.reads}, only on {' or '.join(readers)}"
                  for name, readers in READ_BY.items() if self.reads not in readers}  # fmt: skip
        if self.reads == "waveform":
            others = ("options",) if self.is_saved_model else ("output", "random")
            unread |= dict.fromkeys(others, f"the backbone {self.backbone}")
        for name, where in unread.items():
            if (given := getattr(self, name)) != type(self).model_fields[name].get_default(call_default_factory=True):
                got = given.model_dump(exclude_none=True) if isinstance(given, Params) else given
                raise ValueError(f"{name} has no effect on {where}; leave it out; got {got!r}")
        return self

    @model_validator(mode="after")
    def _crops_are_not_cropped(self):
        if self.crops != 1 and self.resize != "stretch":
            raise ValueError(
                f"crops: {self.crops} are cut from the whole frame, its aspect kept; resize: {self.resize} has no "
                "effect on them: leave one of the two out"
            )
        return self

    @property
    def is_saved_model(self):
        """Whether its network is a SavedModel, or stands for one with random weights."""
        return self.reads == "waveform" and self.backbone.startswith("tensorflow_hub:")

    @property
    def waveform_rate(self):
        """The sample rate (Hz) of the waveform that its features are computed of, None where it reads none."""
        return self.sample_rate if self.reads in ("waveform", "speech") or self.sound else None

    @property
    def built_by(self):
        """What names the code that builds its network: ``backbone``, or ``random`` where that builds it."""
        return self.random if self.is_saved_model and self.weights == "random" else self.backbone

    @property
    def weights_path(self):
        """The weights file or folder, or None where ``weights`` is one of the named sources."""
        return None if self.weights in (None, *NAMED_WEIGHTS) else Path(self.weights)

    @property
    def has_named_weights(self):
        """Whether its weights are those of a library or a hub."""
        return READS[self.reads] and self.weights in NAMED_WEIGHTS and self.weights != "random"

    @property
    def weights_name(self):
        """What the tables show: the named source, or the file's name; of what has no network, what is read, if any."""
        if not READS[self.reads]:
            return None if self.reads == "nothing" else self.reads
        if self.backbone in WEIGHTLESS:
            return self.backbone
        return self.weights if self.weights_path is None else self.weights_path.name


def _file_name(name):
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise ValueError(f"a name becomes a folder: letters, digits, '_', '-' and '.' only; got '{name}'")
    return name


Name = Annotated[str, AfterValidator(_file_name)]


# Inputs of a head are called like its features: such names have its layers, and its other inputs.
OF_LAYERS = re.compile(
    r"(cls|dense|dropout|encoder|head|hidden|over|positions|relu|scores|sep|standardize)(_.*)?|.*_(mask|norm)"
)


def _modality(name):
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"features of several are called by small letters, digits and '_'; got '{name}'")
    if OF_LAYERS.fullmatch(name):
        raise ValueError(f"so a layer of the head is called, or may be; give the features another name than '{name}'")
    return name


class NamedFeatures(FeatureParams):
    """One of the several features that a model reads: a modality, such as what is seen, said or heard."""

    name: Annotated[str, AfterValidator(_modality)]
    label: str

    @property
    def inner_dropout(self):
        """None: its backbone is never trained."""
        return {}
