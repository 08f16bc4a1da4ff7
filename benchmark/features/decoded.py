"""What extractors get of a file outside a run: its frames and its waveform, each decoded anew, or all in one pass."""

from benchmark.models.weights.load import file_digest
from benchmark.video.film import see_film
from benchmark.video.frames import read_frames
from spectrograms.audio import clip_of, load_clip
from spectrograms.errors import AudioError, FilmError


class EachTime:
    """Frames and waveforms, decoded for each that asks."""

    def see(self, path):
        """Nothing: there is nothing that is decoded once."""

    def forget(self):
        """Nothing: there is nothing that is held."""

    def frames(self, path, params):
        """Return the Frames of a film that FrameParams choose; raise FilmError where there are none."""
        return read_frames(path, params, file_digest(path))

    def waveform(self, path, clip, sample_rate):
        """Return the waveform (n_samples,) float32 of a file's clip (ClipParams); raise AudioError without one."""
        return load_clip(path, clip, sample_rate)


class OnePass(EachTime):
    """Frames and waveforms of a film that is decoded once for all of ``sets`` (FrameParams) and ``clip``, or None.

    It is held until :meth:`forget`. What of a film is wrong for one of those that ask is decoded for each again."""

    def __init__(self, sets, clip):
        self.sets, self.clip = tuple(dict.fromkeys(sets)), clip
        self.path = self.seen = None

    def see(self, path):
        """Decode a film, unless it is the one that is held."""
        if self.path != path:
            self.path = path
            try:
                self.seen = see_film(path, self.sets, file_digest(path), self.clip)
            except FilmError:
                self.seen = None

    def forget(self):
        """Let go of the film."""
        self.path = self.seen = None

    def frames(self, path, params):
        """As that of :class:`EachTime`."""
        self.see(path)
        return self.seen.frames[params] if self.seen and params in self.sets else super().frames(path, params)

    def waveform(self, path, clip, sample_rate):
        """As that of :class:`EachTime`."""
        self.see(path)
        if not self.seen or clip != self.clip:
            return super().waveform(path, clip, sample_rate)
        if isinstance(self.seen.sound, AudioError):
            raise self.seen.sound
        return clip_of(self.seen.sound, clip, sample_rate).waveform
