"""DistilBERT (Sanh et al. 2019): a text becomes a vector for each of its words and parts of words.

The network is KerasHub's, the tokenizer that of the package ``tokenizers`` on a vocabulary: no tensorflow-text."""

import hashlib
import json
from pathlib import Path

import keras
import numpy as np

from benchmark.errors import StudyError, WeightsError
from benchmark.models.catalogue import hub_presets, preset_place
from benchmark.models.weights import load as weights_of
from benchmark.models.weights import safetensors_file

# What a folder of weights holds, as huggingface.co/distilbert/distilbert-base-uncased does.
FILES = ("config.json", "model.safetensors", "vocab.txt")
SPECIAL = ("[CLS]", "[SEP]", "[UNK]")
SHORTEST = 16  # tokens: texts are padded to this, or twice, four times ... as many, so that few lengths are compiled
AT_ONCE = 8  # texts of one length; one that is alone goes alone


class DistilBert:
    """``encoder(texts)`` returns a list of (n_tokens, dim) float32: a vector for each token, in order.

    A text of more tokens than the network reads at once (512 with [CLS] and [SEP]) is split, and each part encoded
    alone: nothing is left out. Vectors of [CLS] and [SEP] are returned with ``special_tokens`` alone; a text without
    tokens has none then either. What else is in the list, and padding, change nothing."""

    library = "keras-hub"

    def __init__(self, core, tokenizer, special_tokens=False):
        self.graph, self.tokenizer, self.special_tokens = core, tokenizer, special_tokens
        self.dim, self.parameters, self.longest = core.hidden_dim, core.count_params(), core.max_sequence_length
        self.first, self.last, _ = (tokenizer.token_to_id(token) for token in SPECIAL)

    def __call__(self, texts):
        """Return the vectors (n_tokens, dim) of each text."""
        told = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        parts = [(number, part) for number, text in enumerate(told) for part in self._parts(text.ids)]
        vectors = self._embed([part for _, part in parts])
        found = [[np.zeros((0, self.dim), "float32")] for _ in texts]
        for (number, _), rows in zip(parts, vectors, strict=True):
            found[number].append(rows if self.special_tokens else rows[1:-1])
        return [np.concatenate(rows) for rows in found]

    def digest(self):
        """Return the SHA-256 of the values of its weights and its vocabulary."""
        words = self.tokenizer.to_str()
        return hashlib.sha256((weights_of.value_digest(self.graph) + words).encode()).hexdigest()

    def _parts(self, ids):
        """Return the tokens of a text as lists that the network can read, each between [CLS] and [SEP]."""
        size = self.longest - 2
        return [[self.first, *ids[start : start + size], self.last] for start in range(0, len(ids), size)]

    def _embed(self, parts):
        """Return the vectors (n_tokens, dim) float32 of each list of tokens."""
        found, by_length = [None] * len(parts), {}
        for number, part in enumerate(parts):
            by_length.setdefault(_padded(len(part), self.longest), []).append(number)
        for length, numbers in by_length.items():
            for start in range(0, len(numbers), AT_ONCE):
                chosen = numbers[start : start + AT_ONCE]
                made = self._forward([parts[number] for number in chosen], length)
                for number, vectors in zip(chosen, made, strict=False):  # made: filled up
                    found[number] = vectors[: len(parts[number])]
        return found

    def _forward(self, parts, length):
        """Return the vectors (n, length, dim) float32 of lists of tokens, filled up: other shapes would be compiled."""
        ids = np.zeros((AT_ONCE if len(parts) > 1 else 1, length), "int32")
        mask = np.zeros_like(ids)
        for row in range(len(ids)):
            part = parts[row % len(parts)]
            ids[row, : len(part)], mask[row, : len(part)] = part, 1
        vectors = self.graph.predict_on_batch({"token_ids": ids, "padding_mask": mask})
        return keras.ops.convert_to_numpy(vectors).astype("float32")


def _padded(n, longest):
    """Return the length that ``n`` tokens are padded to."""
    length = SHORTEST
    while length < n:
        length *= 2
    return min(length, longest)


def distilbert(preset, weights=None, special_tokens=False):
    """Return the :class:`DistilBert` of a KerasHub preset, or of a folder of weights, as ``weights`` says.

    None: the preset's sizes and vocabulary, random weights; a name: its own weights; a Path: the folder of ``FILES``,
    whose config.json holds the sizes. Raises :class:`WeightsError` where files are missing or do not belong together.
    """
    place = str(weights) if isinstance(weights, Path) else preset
    try:
        core = _of_folder(weights) if isinstance(weights, Path) else _of_preset(preset, load=weights is not None)
        vocabulary, options = _vocabulary(place)
    except WeightsError:
        raise
    except Exception as error:  # no network, no preset, a damaged file: each hub and reader raises its own
        if not Path(place).is_dir():
            raise WeightsError(weights_of.missing(weights or "random", *preset_place(preset))) from error
        raise WeightsError(
            f"{place} does not hold DistilBERT as it is built here (another network, or a damaged file): "
            f"{' '.join(str(error).split())[:200]}"
        ) from error
    if lacking := [token for token in SPECIAL if token not in vocabulary]:
        raise WeightsError(f"{place}: its vocabulary lacks {', '.join(lacking)}: it is not that of a BERT")
    if len(vocabulary) > core.vocabulary_size:
        raise WeightsError(
            f"{place}: its vocabulary has {len(vocabulary)} tokens, and its network knows {core.vocabulary_size}"
        )
    return DistilBert(core, tokenizer_of(vocabulary, **options), special_tokens)


def check_kind(preset):
    """Raise :class:`StudyError` where a preset that KerasHub lists is one of another network."""
    from keras_hub.models import DistilBertBackbone

    if preset in hub_presets() and preset not in (known := DistilBertBackbone.presets):
        raise StudyError(f"keras_hub:{preset} is no text encoder known here; these are {', '.join(known)}")


def check_folder(folder):
    """Raise :class:`WeightsError` where a folder of weights lacks a file, or may hold another network."""
    if lacking := [name for name in FILES if not (folder / name).is_file()]:
        raise WeightsError(
            f"{folder} lacks {', '.join(lacking)}: weights of DistilBERT are a folder with {', '.join(FILES)}, as in "
            "huggingface.co/distilbert/distilbert-base-uncased"
        )
    try:
        kind = json.loads((folder / FILES[0]).read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise WeightsError(f"{folder / FILES[0]} cannot be read: {error}") from None
    if kind != "distilbert":
        raise WeightsError(f"{folder / FILES[0]}: expected model_type: distilbert; got {kind!r}")


def tokenizer_of(vocabulary, lowercase=True, strip_accents=None, handle_chinese_chars=True):
    """Return the tokenizer of a vocabulary, {token: number}: words, and parts of those that are not in it."""
    from tokenizers import BertWordPieceTokenizer

    options = {"lowercase": lowercase, "strip_accents": strip_accents, "handle_chinese_chars": handle_chinese_chars}
    return BertWordPieceTokenizer(vocabulary, **options)


def _of_preset(preset, load):
    """Return the network of a KerasHub preset."""
    from keras_hub.models import DistilBertBackbone  # imported late: it takes seconds

    return DistilBertBackbone.from_preset(preset, load_weights=load)


def _of_folder(folder):
    """Return the network of a folder of ``FILES``: tensors alone are read, and nothing in it is run."""
    from keras_hub.models import DistilBertBackbone
    from keras_hub.src.utils.transformers import convert_distilbert  # which tensor goes where

    check_folder(folder)
    config = json.loads((folder / FILES[0]).read_text(encoding="utf-8"))
    core = DistilBertBackbone(**convert_distilbert.convert_backbone_config(config))
    convert_distilbert.convert_weights(core, _Tensors(safetensors_file.read(folder / FILES[1])), config)
    return core


class _Tensors:
    """The tensors of a file as KerasHub's converters ask for them; names in it may lack the prefix ``distilbert.``."""

    def __init__(self, tensors):
        self.tensors = tensors

    def port_weight(self, keras_variable, hf_weight_key, hook_fn=None):
        """Copy a tensor into a variable, turned by ``hook_fn``; raise ValueError where it is missing or misshapen."""
        tensor = self.tensors.get(hf_weight_key, self.tensors.get(hf_weight_key.removeprefix("distilbert.")))
        if tensor is None:
            raise ValueError(f"it has no tensor {hf_weight_key}; it has {', '.join(list(self.tensors)[:3])}, …")
        keras_variable.assign(hook_fn(tensor, list(keras_variable.shape)) if hook_fn else tensor)


def _vocabulary(preset):
    """Return ({token: number}, options of its tokenizer) of a KerasHub preset, or of a folder of Hugging Face."""
    from keras_hub.src.utils.preset_utils import get_file  # by its public names no preset is read without tensorflow
    from tokenizers.models import WordPiece

    def read(name):
        return json.loads(Path(get_file(preset, name)).read_text(encoding="utf-8"))

    if "model_type" not in read("config.json"):
        options = {"lowercase": read("tokenizer.json")["config"]["lowercase"]}
        return WordPiece.read_file(get_file(preset, "assets/tokenizer/vocabulary.txt")), options
    try:
        said = read("tokenizer_config.json")
    except FileNotFoundError:
        said = {}
    names = {"lowercase": "do_lower_case", "strip_accents": "strip_accents",
             "handle_chinese_chars": "tokenize_chinese_chars"}  # fmt: skip
    return WordPiece.read_file(get_file(preset, "vocab.txt")), {
        ours: said[theirs] for ours, theirs in names.items() if theirs in said
    }
