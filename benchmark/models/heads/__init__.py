"""What follows an extractor: heads from the features (n_steps, dim) of a clip to class probabilities.

A new head is a function and a row of :data:`HEADS`. Its last layer with weights is dense and called "scores"."""

from benchmark.models.heads.dense import linear, mlp
from benchmark.models.heads.judges import conv, plain_cnn
from benchmark.models.heads.sequence import ctt, ctt_spectrogram, lstm
from benchmark.models.heads.transformers import multi_transformer, single_transformer

# By HeadParams.kind: (dim, n_classes, input_dropout, standardize, activation, **HeadParams.layers) -> a Keras model of
# the mean of a clip's features (dim,), or of its steps and their mask; transformers take {name: dim} too. Settings and
# their defaults stand in benchmark.config.heads.HEADS, what is read of a clip in benchmark.features.reading.
HEADS = {
    "linear": linear,
    "mlp": mlp,
    "ctt": ctt,
    "ctt_spectrogram": ctt_spectrogram,
    "lstm": lstm,
    "conv": conv,
    "plain_cnn": plain_cnn,
    "single_transformer": single_transformer,
    "multi_transformer": multi_transformer,
}
