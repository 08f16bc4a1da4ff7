"""Extractors by what they read of a clip. A new one is a class in a file of its own and a row.

What their features depend on stands in :mod:`benchmark.features.dependencies`."""

from benchmark.features.frames import FrameExtractor
from benchmark.features.given import GivenExtractor
from benchmark.features.low_level import LowLevelExtractor
from benchmark.features.pictures import PictureExtractor
from benchmark.features.pixels import PixelExtractor
from benchmark.features.several import SeveralExtractor
from benchmark.features.spectrogram import SpectrogramExtractor
from benchmark.features.texts import TextExtractor
from benchmark.features.waveforms import WaveformExtractor

EXTRACTORS = {  # by FeatureParams.reads
    "picture": PictureExtractor,
    "waveform": WaveformExtractor,
    "frames": FrameExtractor,
    "pixels": PixelExtractor,
    "spectrogram": SpectrogramExtractor,
    "screen_text": TextExtractor,
    "speech": TextExtractor,
    "low_level": LowLevelExtractor,
    "given": GivenExtractor,
    "several": SeveralExtractor,
}
