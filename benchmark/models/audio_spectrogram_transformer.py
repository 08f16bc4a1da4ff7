"""AST: a vision transformer over 10 s of a log mel filter bank, with the encoder of KerasHub's ViT.

Gong et al., AST: Audio Spectrogram Transformer, Interspeech 2021. Weights are those of Hugging Face's transformers,
MIT/ast-finetuned-audioset-10-10-0.4593, without its classifier."""

import keras
import numpy as np
from keras import layers, ops

from benchmark.models import kaldi
from benchmark.models.sound_network import SoundNetwork

SECONDS = 10.0  # of a window; half of it is shared with the next
N_FRAMES, N_MELS = 1024, 128  # of the network's input; 10 s are 998 frames
PATCH, STRIDE = 16, 10  # bands and frames
MEAN, SD = -4.2677393, 4.5689974  # of AudioSet's log mel energies; the input is divided by twice the deviation
VIT_B = {"hidden_dim": 768, "num_layers": 12, "num_heads": 12, "mlp_dim": 3072}
BATCH = 1  # windows at once: more are no faster on a CPU, and most clips have few


def AST(weights=None, **sizes):
    """Return AST with random weights: one embedding (hidden_dim,) for every 10 s of sound at 16 kHz, half overlapping.

    It is the mean of class and distillation token after the last normalisation. ``sizes`` are those of KerasHub's
    ViTBackbone, ViT-B unless given: 86,187,264 parameters."""
    import keras_hub  # imported late: it takes seconds

    sizes = VIT_B | sizes
    # An encoder takes tokens of any number: of the ViT around it nothing else is used.
    vit = keras_hub.models.ViTBackbone(
        image_shape=(PATCH, PATCH, 1), patch_size=PATCH, layer_norm_epsilon=1e-12, **sizes
    )
    log_mel = layers.Input((N_FRAMES, N_MELS), name="log_mel")
    x = layers.Reshape((N_MELS, N_FRAMES, 1))(layers.Permute((2, 1))(log_mel))
    x = layers.Conv2D(sizes["hidden_dim"], PATCH, strides=STRIDE, name="patch_embedding")(x)
    x = TokensAndPositions(name="tokens_and_positions")(layers.Reshape((-1, sizes["hidden_dim"]))(x))
    x = vit.get_layer("vit_encoder")(x)
    core = keras.Model(log_mel, (x[:, 0] + x[:, 1]) / 2, name="ast")
    return SoundNetwork(core, windows, kaldi.SAMPLE_RATE, BATCH)


AST.weights_files = {"audioset": "ast-finetuned-audioset-10-10-0.4593.safetensors"}


def windows(waveform):
    """Return the standardised log mel energies (n_windows, 1024, 128) float32 of a 16 kHz waveform (n_samples,).

    Windows are 10 s every 5 s, whole ones alone; a shorter waveform is one. What is missing at the end is 0 before it
    is standardised, as transformers' ASTFeatureExtractor has it."""
    length = round(SECONDS * kaldi.SAMPLE_RATE)
    n_windows = 1 + max(0, len(waveform) - length) // (length // 2)
    waveform = np.pad(waveform, (0, max(0, kaldi.WINDOW - len(waveform))))
    whole = kaldi.log_mel(waveform, N_MELS)  # frames of one window are frames of the next: 5 s are 500 hops
    found = np.zeros((n_windows, N_FRAMES, N_MELS), "float32")
    for number, window in enumerate(found):
        start = number * (length // 2) // kaldi.HOP
        frames = whole[start : start + 1 + (length - kaldi.WINDOW) // kaldi.HOP]
        window[: len(frames)] = frames
    found -= MEAN  # in place: those of two hours are 750 MB
    found /= 2 * SD
    return found


@keras.saving.register_keras_serializable("benchmark")
class TokensAndPositions(layers.Layer):
    """Class and distillation token before the patches (n_patches, dim), then positions added: (n_patches + 2, dim)."""

    def build(self, input_shape):
        """Create tokens and positions, small random numbers."""
        _, n_patches, dim = input_shape
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.tokens = [self.add_weight((1, 1, dim), small, name=f"{name}_token") for name in ("class", "distillation")]
        self.positions = self.add_weight((1, n_patches + 2, dim), small, name="positions")

    def call(self, patches):
        """Return the tokens with their positions."""
        shape = (ops.shape(patches)[0], 1, self.positions.shape[-1])
        tokens = [ops.broadcast_to(token, shape) for token in self.tokens]
        return ops.concatenate([*tokens, patches], axis=1) + self.positions
