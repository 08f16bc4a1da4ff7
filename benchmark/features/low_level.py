"""Low-level measures of a film as features: VLLF and AV, the baselines of wehrmann2017.

VLLF are the four visual measures of :mod:`benchmark.video.measures` (Rasheed et al. 2005). AV are these and measures of
the sound, here by librosa in place of jAudio: mean and standard deviation over time, and the tempo."""

import numpy as np

from benchmark.features.extractor import Extractor
from benchmark.models.weights.load import file_digest
from benchmark.video.measures import MEASURES, load_measures, measure_folder
from spectrograms.errors import AudioError
from spectrograms.waveforms import SAMPLE_RATE, load_waveform, waveform_folder

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

    parameters, graph = 0, None

    def __init__(self, network, settings, seed=0, load=True):
        self.network, self.settings = network, settings
        self.weights = {"name": network.weights_name, "sha256": None, "sha256_of": "nothing"}
        self.dim = len(MEASURES) + (len(SOUND) if network.sound else 0)

    def _compute(self, rows, n_clips, batch_size):
        """Return the measures of each film."""
        return [self._measures(path, digest) for path, digest in zip(rows["path"], rows["sha256"], strict=True)]

    def _measures(self, path, sha256):
        """Return the measures (1, dim) of a film with the digest ``sha256``."""
        frames, clip, cache = self.settings.frames, self.settings.clip, self.settings.cache
        seen = load_measures(path, sha256, measure_folder(cache, frames), frames)
        if not self.network.sound:
            return seen[None]
        try:
            heard = sound_measures(load_waveform(path, sha256, waveform_folder(cache, clip), clip))
        except AudioError:
            heard = np.zeros(len(SOUND), "float32")
        return np.concatenate([seen, heard])[None]

    def read(self, path):
        """Return the measures (1, dim) of one film."""
        return self._measures(path, file_digest(path))

    def model_inputs(self, inputs, reads):
        """Return what the head reads (``reads``) of the measures of some films."""
        return reads(inputs)
