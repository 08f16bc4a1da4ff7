"""Low-level measures of a film as features: VLLF and AV, the baselines of wehrmann2017.

VLLF are the four visual measures of :mod:`benchmark.video.measures` (Rasheed et al. 2005). AV are these and measures of
the sound, here by librosa in place of jAudio: mean and standard deviation over time, and the tempo."""

from functools import partial

import numpy as np

from benchmark.features.extractor import Extractor
from benchmark.video.measures import MEASURES, load_measures, measure_film, measure_folder
from spectrograms.audio import load_clip
from spectrograms.errors import AudioError
from spectrograms.params import SAMPLE_RATE
from spectrograms.waveforms import are_kept, load_waveform, waveform_folder

N_FFT, HOP = 1024, 512  # samples: 64 ms, 32 ms
N_MFCC = 13
OVER_TIME = ("rms", *(f"mfcc_{n + 1}" for n in range(N_MFCC)), "centroid", "flux", "rolloff", "zero_crossings")
SOUND = (*(f"{name}_{what}" for what in ("mean", "sd") for name in OVER_TIME), "tempo")


def spectral_flux(magnitude):
    """Return the spectral flux (n_frames - 1,) of magnitudes (bins, n_frames): sums of squared differences (jAudio)."""
    return np.square(np.diff(magnitude, axis=1)).sum(axis=0)


def sound_measures(waveform):
    """Return the numbers of :data:`SOUND` of a waveform (n_samples,) at 16 kHz, (37,) float32.

    Root mean square, 13 MFCC, spectral centroid (Hz), flux, rolloff at 85 % (Hz) and rate of zero crossings, each as
    mean and standard deviation over windows of 64 ms; tempo in beats per minute (Ellis 2007, as librosa has it)."""
    import librosa  # imported late: it takes half a second

    magnitude = np.abs(librosa.stft(waveform, n_fft=N_FFT, hop_length=HOP))
    bands = librosa.feature.melspectrogram(S=magnitude**2, sr=SAMPLE_RATE, n_fft=N_FFT)
    rows = [
        librosa.feature.rms(y=waveform, frame_length=N_FFT, hop_length=HOP),
        librosa.feature.mfcc(S=librosa.power_to_db(bands), n_mfcc=N_MFCC),
        librosa.feature.spectral_centroid(S=magnitude, sr=SAMPLE_RATE, n_fft=N_FFT),
        spectral_flux(np.pad(magnitude, ((0, 0), (0, 1)), mode="edge"))[None],
        librosa.feature.spectral_rolloff(S=magnitude, sr=SAMPLE_RATE, n_fft=N_FFT),
        librosa.feature.zero_crossing_rate(waveform, frame_length=N_FFT, hop_length=HOP),
    ]
    over_time = np.concatenate(rows)
    tempo = librosa.feature.tempo(y=waveform, sr=SAMPLE_RATE, hop_length=HOP)
    return np.concatenate([over_time.mean(axis=1), over_time.std(axis=1), tempo]).astype("float32")


class LowLevelExtractor(Extractor):
    """Measures of a film, one vector, so n_steps is 1: four, and with ``sound`` those of its clip of sound too.

    The sound measures of a film without sound are 0."""

    @property
    def dim(self):
        """Measures of a film."""
        return len(MEASURES) + (len(SOUND) if self.network.sound else 0)

    def _compute(self, rows, n_clips, batch_size):
        """Return the measures of each film."""
        frames, clip, cache = self.settings.frames, self.settings.clip, self.settings.cache
        folders, found = (measure_folder(cache, frames), waveform_folder(cache, clip, SAMPLE_RATE)), []
        are_here = are_kept(n_clips, clip, SAMPLE_RATE)
        for path, digest in zip(rows["path"], rows["sha256"], strict=True):
            seen = load_measures(path, digest, folders[0], frames)
            kept = partial(load_waveform, path, digest, folders[1], clip, SAMPLE_RATE)
            load = kept if are_here else partial(self._waveform, path)
            found.append(self._with_sound(seen, load))
        return found

    def _waveform(self, path):
        return load_clip(path, self.settings.clip, SAMPLE_RATE)

    def _with_sound(self, seen, load):
        """Return the measures (1, dim) of a film, of what is seen and, where asked for, of the waveform it loads."""
        if not self.network.sound:
            return seen[None]
        try:
            heard = sound_measures(load())
        except AudioError:
            heard = np.zeros(len(SOUND), "float32")
        return np.concatenate([seen, heard])[None]

    def read(self, path):
        """Return the measures (1, dim) of one film, decoded anew; nothing of it is kept."""
        return self._with_sound(measure_film(path, self.settings.frames), partial(self._waveform, path))
