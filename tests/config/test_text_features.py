"""Features of words: what a file of one must say, and what it may not."""

import pytest

from benchmark.config.features import FeatureParams
from benchmark.config.networks import feature_names, resolve_network
from benchmark.config.sections import read_section
from benchmark.errors import StudyError

OCR = {"recogniser": "rapidocr"}
HASHED = {"reads": "screen_text", "backbone": "hashed_ngrams", "text": OCR}
BERT = {"reads": "screen_text", "backbone": "keras_hub:distil_bert_base_en_uncased", "text": OCR}


@pytest.mark.parametrize(("given", "weights", "shown"), [
    (HASHED, None, "hashed_ngrams"),
    (BERT, "wikipedia", "wikipedia"),
    (BERT | {"weights": "random"}, "random", "random"),
    (BERT | {"weights": "here/distilbert"}, "here/distilbert", "distilbert"),
])  # fmt: skip
def test_an_encoder_has_its_usual_weights_and_is_named(given, weights, shown):
    params = FeatureParams(**given)
    assert (params.weights, params.weights_name) == (weights, shown)
    assert bool(params.has_named_weights) == (weights == "wikipedia")


WRONG = [
    (HASHED | {"text": None}, r"needs text: \{recogniser: rapidocr\}; got no text"),
    (HASHED | {"reads": "speech"}, r"needs text: \{recogniser: pocketsphinx or faster_whisper\}; got rapidocr"),
    (HASHED | {"reads": "frames"}, "reads: frames needs a backbone, a network over images; got hashed_ngrams"),
    (HASHED | {"backbone": None}, "needs a backbone, a network over texts; got none"),
    (HASHED | {"backbone": "keras.applications.VGG16"}, "a network over texts; got keras.applications.VGG16"),
    (HASHED | {"weights": "wikipedia"}, "hashed_ngrams has no weights: leave out"),
    (HASHED | {"weights_sha256": "0" * 64}, "hashed_ngrams has no weights: leave out"),
    (HASHED | {"text": OCR | {"per": "token"}}, "no vectors of tokens; set text.per: utterance or clip"),
    (BERT | {"weights": "imagenet"}, "weights of a text encoder are wikipedia, random, or a path; got imagenet"),
    (BERT | {"pooling": "flatten"}, "pooling has no effect on reads: screen_text"),
    (
        {"backbone": "keras.applications.VGG16", "text": OCR},
        "text has no effect on reads: picture, only",
    ),
    (HASHED | {"text": OCR | {"confidenc": 0.5}}, "did you mean 'confidence'"),
    ({"backbone": "hashed_ngrams", "text": OCR}, "it says neither what it reads nor a backbone"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[said[:50] for _, said in WRONG])
def test_what_is_wrong_is_one_sentence(given, said):
    with pytest.raises(StudyError, match=said):
        read_section(FeatureParams, given)


def test_the_features_of_words_that_are_shipped_read_them():
    found = {name: resolve_network({"features": name}) for name in feature_names() if name.startswith(("ocr", "asr"))}
    assert {name: model.reads for name, model in found.items()} == {
        "asr": "speech", "asr_ngrams": "speech", "ocr": "screen_text", "ocr_ngrams": "screen_text",
    }  # fmt: skip
    assert found["ocr"].text.confidence == 0.75  # sulun2024
    assert {name: model.text.per for name, model in found.items() if "ngrams" not in name} == {
        "asr": "token", "ocr": "token",
    }  # fmt: skip
