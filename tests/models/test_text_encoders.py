"""Text encoders: against another implementation of DistilBERT and of its tokenizer, against scikit-learn, by hand."""

import hashlib
import importlib
import json

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from benchmark.config.features import FeatureParams
from benchmark.errors import StudyError, WeightsError
from benchmark.models.text import ENCODERS, build_encoder, find_encoder
from benchmark.models.text.distilbert import distilbert, tokenizer_of
from benchmark.models.text.hashed import HashedNgrams
from tests.support.distilbert import SIZES, WORDS, write_distilbert

TEXTS = [
    "The dog runs.", "THE FINAL CUT — 30 km!", "naïve Café, café", "電影 in 日本東", "unable (un-able) & $3", "zzz zzq",
    "",
    "it's the cat's night, running,\tuned  \u200b end\u0301", "ß Ü д да 한국", "\u0000\ufffd dog \u2028 cat", "?!?" * 3,
    "the dog of the sea " * 3,
]  # fmt: skip
CLOSE = 1e-5  # float32, of numbers near 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_distilbert(tmp_path_factory.mktemp("weights") / "distilbert")


@pytest.fixture(scope="module")
def encoder(folder):
    return distilbert("", folder)


@pytest.fixture(scope="module")
def transformers():
    pytest.importorskip("torch", reason="the other implementation of DistilBERT needs torch")
    return pytest.importorskip("transformers", reason="the other implementation of DistilBERT")


@pytest.mark.parametrize("name", ["DistilBertTokenizer", "BertTokenizerLegacy"])
def test_tokens_are_those_of_transformers(folder, transformers, name):
    """The legacy one is Python alone; the other rests on the package ``tokenizers`` as ours does."""
    legacy = importlib.import_module("transformers.models.bert.tokenization_bert_legacy")
    theirs = getattr(legacy if name.endswith("Legacy") else transformers, name)(str(folder / "vocab.txt"))
    ours = tokenizer_of({word: number for number, word in enumerate(WORDS)})
    for text in TEXTS:
        assert ours.encode(text).ids == theirs(text)["input_ids"], text


def test_parts_of_words_accents_and_strange_words_are_tokens_by_hand(encoder):
    told = [encoder.tokenizer.encode(text, add_special_tokens=False).tokens for text in TEXTS[:6]]
    assert told[0] == ["the", "dog", "run", "##s", "."]
    assert told[1] == ["the", "fin", "##al", "cut", "—", "3", "##0", "km", "!"]
    assert told[2] == ["naive", "cafe", ",", "cafe"]
    assert told[3] == ["電", "影", "[UNK]", "日", "本", "東"]
    assert told[4] == ["un", "##able", "(", "un", "-", "[UNK]", ")", "&", "$", "3"]
    assert told[5] == ["z", "##z", "##z", "[UNK]"]


@pytest.mark.parametrize("saved_as", ["DistilBertModel", "DistilBertForMaskedLM"])
def test_vectors_are_those_of_transformers(tmp_path, transformers, saved_as):
    """The published file is one of DistilBertForMaskedLM, whose names have a prefix, and which has a head besides."""
    import torch

    torch.manual_seed(0)
    config = transformers.DistilBertConfig(**SIZES | {"initializer_range": 0.3})
    model = getattr(transformers, saved_as)(config).eval()
    model.save_pretrained(tmp_path / "weights", safe_serialization=True)
    (tmp_path / "weights" / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    ours = distilbert("", tmp_path / "weights", special_tokens=True)
    tokenizer = transformers.BertTokenizerFast(str(tmp_path / "weights" / "vocab.txt"))
    body = getattr(model, "distilbert", model)
    assert ours.parameters == sum(value.numel() for value in body.parameters())
    for text, vectors in zip(TEXTS, ours(TEXTS), strict=True):
        if not text:
            continue
        with torch.no_grad():
            told = body(**tokenizer(text, return_tensors="pt", return_token_type_ids=False)).last_hidden_state[0]
        np.testing.assert_allclose(vectors, told.numpy(), atol=1e-4)


def test_a_text_has_the_same_vectors_alone_in_any_company_and_padded_to_any_length(encoder):
    together = encoder(TEXTS)
    for text, vectors in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(encoder([text])[0], vectors, atol=CLOSE)
    for vectors, again in zip(together, encoder(TEXTS[::-1])[::-1], strict=True):
        np.testing.assert_allclose(again, vectors, atol=CLOSE)
    assert [len(vectors) for vectors in together] == [
        len(encoder.tokenizer.encode(text, add_special_tokens=False)) for text in TEXTS
    ]
    assert {vectors.shape[1] for vectors in together} == {encoder.dim} == {SIZES["dim"]}
    assert encoder([]) == []


def test_the_vectors_of_cls_and_sep_come_with_special_tokens_alone(folder, encoder):
    for with_them, without in zip(distilbert("", folder, special_tokens=True)(TEXTS), encoder(TEXTS), strict=True):
        np.testing.assert_allclose(with_them[1:-1], without, atol=CLOSE)
        assert len(with_them) == (len(without) + 2 if len(without) else 0)


def test_a_long_text_is_split_and_nothing_of_it_is_left_out(encoder):
    """The small network reads 40 tokens: 38 beside [CLS] and [SEP]."""
    words = (["the", "dog", "of", "night"] * 25)[:90]
    vectors = encoder([" ".join(words)])[0]
    parts = [" ".join(words[start : start + 38]) for start in (0, 38, 76)]
    assert len(vectors) == 90
    np.testing.assert_allclose(vectors, np.concatenate(encoder(parts)), atol=CLOSE)


def test_few_shapes_are_compiled(encoder, monkeypatch):
    shapes, forward = set(), encoder.graph.predict_on_batch
    monkeypatch.setattr(
        encoder.graph, "predict_on_batch", lambda given: shapes.add(given["token_ids"].shape) or forward(given)
    )
    for n in range(1, 60):
        encoder(["dog " * n] * (1 + n % 3))
    assert {length for _, length in shapes} == {16, 32, 40}
    assert {n for n, _ in shapes} == {1, 8}


def test_a_preset_of_keras_hub_is_read_with_its_own_vocabulary(folder, encoder, tmp_path):
    """As KerasHub lays presets out: its own config.json, weights in HDF5, the vocabulary below assets."""
    encoder.graph.save_to_preset(str(tmp_path))
    place = tmp_path / "assets" / "tokenizer"
    place.mkdir(parents=True)
    (place / "vocabulary.txt").write_text("\n".join(WORDS), encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text(json.dumps({"config": {"lowercase": False}}))
    cased = find_encoder(f"keras_hub:{tmp_path}")(weights="wikipedia")
    assert [len(rows) for rows in cased(["the dog", "The dog"])] == [2, 2]
    np.testing.assert_allclose(cased(["the dog"])[0], encoder(["the dog"])[0], atol=CLOSE)
    assert np.abs(cased(["The dog"])[0] - encoder(["The dog"])[0]).max() > 0.01  # an unknown word, as case counts
    drawn = find_encoder(f"keras_hub:{tmp_path}")()
    assert np.abs(drawn(["the dog"])[0] - encoder(["the dog"])[0]).max() > 0.01
    assert len({cased.digest(), drawn.digest(), encoder.digest()}) == 3


def spoil_file(folder):
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-100])


WRONG = [
    (lambda folder: (folder / "vocab.txt").unlink(), "lacks vocab.txt: weights of DistilBERT are a folder with"),
    (lambda folder: (folder / "config.json").write_text("{"), r"config\.json cannot be read"),
    (lambda folder: (folder / "config.json").write_text("[]"), r"config\.json cannot be read"),
    (lambda folder: (folder / "config.json").write_text('{"registered_name": "x"}'), "expected model_type: distilbert"),
    (lambda folder: (folder / "config.json").write_text('{"model_type": "bert"}'), "distilbert; got 'bert'"),
    (lambda folder: (folder / "config.json").write_text('{"model_type": "distilbert"}'), "does not hold DistilBERT"),
    (lambda folder: (folder / "config.json").write_text(json.dumps(SIZES | {"dim": 16})), "does not hold DistilBERT"),
    (spoil_file, "does not hold DistilBERT as it is built here"),
    (lambda folder: (folder / "vocab.txt").write_text("the\na\n"), r"lacks \[CLS\], \[SEP\], \[UNK\]"),
    (lambda folder: (folder / "vocab.txt").write_text("\n".join([*WORDS, "more"])), "has 50 tokens"),
]


@pytest.mark.parametrize(("spoil", "said"), WRONG, ids=[said[:30] for _, said in WRONG])
def test_a_folder_that_is_wrong_is_one_sentence(tmp_path, spoil, said):
    folder = write_distilbert(tmp_path / "weights")
    spoil(folder)
    with pytest.raises(WeightsError, match=said):
        distilbert("", folder)


def test_a_preset_that_is_not_here_is_one_sentence(no_network, monkeypatch, tmp_path):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="put the preset distil_bert_base_en_uncased into KerasHub's cache"):
        distilbert("distil_bert_base_en_uncased", "wikipedia")


@pytest.mark.parametrize(("analyzer", "lengths"), [("char_wb", (3, 5)), ("word", (1, 2))])
def test_hashed_ngrams_are_counts_up_to_the_collisions(analyzer, lengths):
    """With so many places none of these n-grams share one: angles between texts are those of their plain counts."""
    texts = ["the dog runs", "the dogs run at night", "a cat", "THE DOG RUNS"]
    ours = np.concatenate(HashedNgrams(dim=2**20, analyzer=analyzer)(texts))
    counts = CountVectorizer(analyzer=analyzer, ngram_range=lengths).fit_transform(texts).toarray().astype(float)
    counts /= np.linalg.norm(counts, axis=1, keepdims=True)
    np.testing.assert_allclose(ours @ ours.T, counts @ counts.T, atol=1e-6)  # float32


def test_hashed_ngrams_have_length_one_and_no_text_is_zero():
    encoder = HashedNgrams()
    vectors = encoder(["the dog runs", "", "  ", "電影"])
    assert [rows.shape for rows in vectors] == [(1, 256)] * 4
    np.testing.assert_allclose([np.linalg.norm(rows) for rows in vectors], [1, 0, 0, 1], atol=1e-6)  # float32
    assert vectors[0].dtype == np.float32
    assert (encoder.parameters, encoder.graph, encoder.digest(), encoder([])) == (0, None, None, [])


@pytest.mark.parametrize("options", [{"analyzer": "words"}, {"dim": 0}, {"shortest": 4, "longest": 3}], ids=str)
def test_wrong_options_of_hashed_ngrams_are_one_sentence(options):
    with pytest.raises(StudyError, match=r"hashed_ngrams: .*; got"):
        HashedNgrams(**options)


def test_every_encoder_has_the_names_that_all_have(folder):
    made = {"hashed_ngrams": HashedNgrams(), "keras_hub": distilbert("", folder)}
    assert set(made) == set(ENCODERS)
    for encoder in made.values():
        rows = encoder(["the dog", "cat"])
        assert [row.dtype for row in rows] == [np.float32] * 2
        assert {row.shape[1] for row in rows} == {encoder.dim}


class OwnEncoder:
    """One number for each letter: an encoder of one's own."""

    dim, parameters, graph, library = 1, 0, None, "numpy"

    def __init__(self, weights=None, scale=1.0):
        self.scale, self.weights = scale, weights

    def __call__(self, texts):
        return [np.array([[ord(letter)] for letter in text], "float32") * self.scale for text in texts]

    def digest(self):
        return None


def feature(**given):
    text = {"recogniser": "pocketsphinx"}
    return FeatureParams(**{"reads": "speech", "text": text, "backbone": f"{__name__}:OwnEncoder"} | given)


def test_an_encoder_of_ones_own_is_built_with_its_options_and_weights(tmp_path):
    (tmp_path / "weights.bin").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    encoder = build_encoder(
        feature(options={"scale": 2.0}, weights=str(tmp_path / "weights.bin"), weights_sha256=digest)
    )
    assert encoder.weights == tmp_path / "weights.bin"
    assert build_encoder(feature(weights="random")).weights is None
    np.testing.assert_array_equal(encoder(["ab"])[0], [[194], [196]])


WRONG_SETTINGS = [
    ({"options": {"size": 2}}, StudyError, "takes scale; got size"),
    ({"weights": "nowhere"}, WeightsError, "no weights at nowhere"),
    (
        {"weights": __file__, "weights_sha256": "0" * 64},
        WeightsError,
        "is not what weights_sha256 names: expected 0000",
    ),
    ({"backbone": f"{__name__}:OwnEncoders"}, StudyError, "did you mean 'OwnEncoder'"),
    ({"backbone": "hashed_ngrams", "options": {"n": 2}}, StudyError, "analyzer, dim, longest, shortest; got n"),
]


@pytest.mark.parametrize(("given", "error", "said"), WRONG_SETTINGS, ids=[said for *_, said in WRONG_SETTINGS])
def test_wrong_settings_of_an_encoder_are_one_sentence(given, error, said):
    with pytest.raises(error, match=said):
        build_encoder(feature(**given))
