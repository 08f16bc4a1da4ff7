"""The kinds of data set, a row each: what a study, its networks and its readers must know of one.

How the clips of a kind are looked at, and copies of them found, stands in the module that the row names."""

import importlib
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DatasetKind:
    """A row of :data:`DATASET_KINDS`."""

    extensions: re.Pattern  # of its files, in lower case
    inputs: dict[str, frozenset]  # what a network may read of a clip: the sections of the study that shape it
    module: str  # has draw, COPIES and code: see benchmark.data.audio_clips
    by_content: bool = False  # whether a file without a known extension is looked into
    # What a model reads of its clips that does not say it, by what its backbone reads elsewhere (None: it has none).
    usually: dict[str | None, str] = field(default_factory=dict)

    @property
    def has_sound(self):
        """Whether its clips are sound, of which pictures are made."""
        return "mel" in self.inputs.get("picture", ())

    def sections(self, reads):
        """Return the sections of a study that shape what is read of a clip."""
        return self.inputs.get(reads, frozenset())

    @property
    def is_given(self):
        """Whether its clips are features that were computed elsewhere: there is nothing to see or to hear."""
        return "given" in self.inputs

    def functions(self):
        """Return the module of the kind, imported when it is first needed."""
        return importlib.import_module(self.module)


DATASET_KINDS = {
    "audio": DatasetKind(  # the containers of video too: their sound is the clip
        re.compile(
            r"\.(wav|flac|ogg|oga|opus|mp[23]|m4[ab]|aac|ac3|wma|aiff?|aifc|au|caf|w64|amr|mka"
            r"|mp4|m4v|mkv|webm|mov|avi|mpe?g|wmv|flv|3gp|ogv|m?ts)"
        ),
        {
            "picture": frozenset({"clip", "mel", "image"}),
            "waveform": frozenset({"clip"}),
            "speech": frozenset({"clip"}),
            "spectrogram": frozenset({"clip", "segments"}),
        },
        "benchmark.data.audio_clips",
    ),
    "images": DatasetKind(
        re.compile(r"\.(png|jpe?g?|jfif|bmp|gif|tiff?|webp|p[bgpn]m)"),
        {"picture": frozenset()},
        "benchmark.data.image_clips",
        by_content=True,
    ),
    "video": DatasetKind(
        re.compile(r"\.(mp4|m4v|mkv|webm|mov|avi|mpe?g|wmv|flv|3gp|ogv|m?ts)"),
        {
            "frames": frozenset({"frames"}),
            "pixels": frozenset({"frames"}),
            "screen_text": frozenset({"frames"}),
            "waveform": frozenset({"clip"}),
            "speech": frozenset({"clip"}),
            "spectrogram": frozenset({"clip", "segments"}),
            "low_level": frozenset({"frames", "clip"}),
        },
        "benchmark.data.video_clips",
        usually={"picture": "frames"},
    ),
    "features": DatasetKind(  # computed elsewhere
        re.compile(r"\.(np[yz]|h5|hdf5)"),
        {"given": frozenset()},
        "benchmark.data.feature_clips",
        usually={None: "given"},
    ),
}
