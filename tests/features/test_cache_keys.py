"""What is kept is used again only where nothing that shaped it has changed: every setting is tried, one by one.

A setting that is new must get its line in the tables below; without it these tests fail."""

import contextlib

import keras
import numpy as np
import pandas as pd
import pytest

from benchmark.config.features import READS, SegmentParams
from benchmark.config.frames import FrameParams
from benchmark.config.heads import HeadParams
from benchmark.config.sections import read_section
from benchmark.config.study import NetworkParams, Study
from benchmark.config.texts import TextParams
from benchmark.config.training import TrainingParams
from benchmark.features import extractor
from benchmark.features.cache import cached_features
from benchmark.features.dependencies import COMPUTED_BY, OF_FEATURES, mark_key, transcripts_of
from benchmark.features.extractors import EXTRACTORS
from benchmark.features.frames import FrameExtractor
from benchmark.features.pictures import PictureExtractor
from benchmark.features.spectrogram import SpectrogramExtractor
from benchmark.features.texts import TextExtractor
from benchmark.features.waveforms import WaveformExtractor
from benchmark.models.preprocessing import InputNormalization
from benchmark.training.loop import precision
from benchmark.trials.run import dependencies
from benchmark.trials.specification import Trial
from spectrograms import version
from spectrograms.render import image_path

OTHER = {  # another value of each setting; where it needs company, that too
    "clip": {"duration": 3.0, "offset": 1.0, "short": "loop"},
    "mel": {
        "sample_rate": 16000, "n_fft": 1024, "hop_length": 256, "n_mels": 64, "fmin": 50.0, "fmax": 8000.0,
        "top_db": 60.0,
    },
    "image": {"style": "specshow", "colormap": "viridis", "size": [64, 64]},
    "training": {
        "preset": "matlab", "regime": "finetune", "optimizer": "sgdm", "learning_rate": 0.5, "epochs": 3,
        "batch_size": 4, "shuffle": "once", "validation_frequency": 5, "patience": 3, "keep": "last",
        "monitor": "accuracy", "schedule": {"schedule": {"kind": "step", "every": 2}},
        "loss": {"loss": {"label_smoothing": 0.1}, "optimizer": "adam"},
        "stages": {"regime": "two_stage", "stages": [{"unfreeze": ["a"]}]},
        "gradient_threshold": 1.0, "l2": 0.5,
        "gradient_threshold_method": {"gradient_threshold": 1.0, "gradient_threshold_method": "global-l2norm"},
        "head_rate": {"preset": "matlab", "head_rate": 3.0}, "C": "grid", "head_init": "glorot",
        "class_weight": "balanced", "oversample": True, "one_label": {"one_label": True},
        "freeze_layers": {"regime": "finetune", "freeze_layers": 2},
        "input_normalization": {"regime": "finetune", "input_normalization": "matlab-reset"}, "batch_norm": "moving",
        "mixed_precision": "bfloat16", "save": "none",
    },
    "augment": {
        "translation": 3.0, "scale": [0.5, 2.0], "reflection": True, "time_mask": 0.5, "frequency_mask": 0.5,
        "rotation": 5.0, "brightness": 0.1, "contrast": 0.1, "saturation": 0.1, "hue": 0.1,
        "erasing": 0.5, "mixup": 0.2,
    },
}  # fmt: skip
BEFORE = {"stages": {"stages": [{"train": "all"}]}}  # what a setting that must be given is changed from
PICTURE = ("clip", "mel", "image")  # sections that shape a picture
NETWORK = {
    "backbone": "keras.applications.MobileNetV2", "weights": "random", "input_size": 96, "layer": "other",
    "dropout": 0.5, "normalization": "zerocenter", "pretrained_l2": 0.5, "bias_rate": 2.0, "inner_dropout": {"a": 0.1},
    "training": {"epochs": 2}, "options": {"alpha": 0.5}, "output": 1, "random": "other.module:builder",
    "weights_sha256": "0" * 64, "head": "mlp", "pooling": "flatten", "crops": 10, "resize": "centre_crop",
    "key": "other", "sound": True, "sample_rate": 32000,
    "reads": {"reads": "spectrogram", "backbone": None}, "estimator": "svm",
    "text": {"text": {"recogniser": "pocketsphinx", "confidence": 0.9}},
    "fusion": {"fusion": {"members": ["a", "b"]}, "reads": "nothing", "backbone": None},
}  # fmt: skip
READER = {  # what a setting needs that networks over pictures do not read
    "output": {"backbone": "tensorflow_hub:a"}, "random": {"backbone": "tensorflow_hub:a"},
    "sample_rate": {"backbone": "tensorflow_hub:a"},
    "crops": {"reads": "frames", "dataset_kind": "video"}, "resize": {"reads": "frames", "dataset_kind": "video"},
    "key": {"reads": "given", "backbone": None, "dataset_kind": "features"},
    "sound": {"reads": "low_level", "backbone": None, "dataset_kind": "video"},
    "text": {"reads": "speech", "backbone": "hashed_ngrams", "text": {"recogniser": "pocketsphinx"}},
}  # fmt: skip
# Of a network: what it is called; sections, tried above.
SHOWN = {"name", "label", "features", "augment", "frames", "thresholds", "variants"}
ELSEWHERE = {  # top-level settings that are looked at in another way, or change no result
    "name", "cache", "results", "engine", "leakage", "tracking", "ensembles", "published", "baseline", "latency",
    "figures",
    "ablation", "sweep",  # become models
    "dataset", "split",  # act through the table of clips and their split
    "models", "task", "classes", "thresholds",
    "segments", "frames",
}  # fmt: skip
AUDIO = "tensorflow_hub:somewhere"
CLIPS = pd.DataFrame(
    [("a", "dog", "0" * 64, "train"), ("b", "rain", "1" * 64, "test")], columns=["clip_id", "label", "sha256", "split"]
)


def study_of(section=None, change=None, dataset_kind="audio", **network):
    base = {"name": "x", "label": "X", "backbone": "keras.applications.VGG16"}
    others = [base | {"name": name} for name in ("a", "b")] if "fusion" in network else []  # its members
    raw = {"name": "keys", "dataset": {"root": "data", "kind": dataset_kind}, "models": [base | network, *others]}
    if section == "augment":
        raw["training"] = {"regime": "finetune"}
    return read_section(Study, raw | ({section: change} if change else {}))


def of_network(key):
    """Return the settings by which a network differs in one of them."""
    value = NETWORK[key]
    return READER.get(key, {}) | (value if isinstance(value, dict) and key in value else {key: value})


def changes(sections=OTHER):
    return [(section, key, value if isinstance(value, dict) and key in value else {key: value})
            for section in sections for key, value in OTHER[section].items()]  # fmt: skip


def test_every_setting_has_its_line():
    for section, fields in OTHER.items():
        assert set(fields) == set(type(getattr(study_of(), section)).model_fields)
    assert set(OTHER) | ELSEWHERE == set(Study.model_fields)
    assert set(NETWORK) | SHOWN == set(NetworkParams.model_fields)


def depends(study, clips=CLIPS):
    return dependencies(study.for_model(study.models[0]), Trial(study.models[0], 0, 0), clips)


@pytest.mark.parametrize(("section", "key", "change"), changes())
def test_a_trial_depends_on_every_setting(section, key, change):
    company = {name: value for name, value in change.items() if name != key} | BEFORE.get(key, {})
    assert depends(study_of(section, change)) != depends(study_of(section, company))


@pytest.mark.parametrize("key", [*NETWORK, "label"])
def test_a_trial_depends_on_every_setting_of_its_network_but_what_it_is_called(key):
    changed = {key: "Other"} if key == "label" else of_network(key)
    assert (depends(study_of(**changed)) == depends(study_of(**READER.get(key, {})))) == (key in SHOWN)


def test_a_trial_depends_on_its_head_however_that_is_written():
    linear, mlp, own = "linear", "mlp", {"kind": "mlp", "hidden": [8]}
    assert depends(study_of()) == depends(study_of(head=linear)) == depends(study_of(head={"kind": linear}))
    assert depends(study_of(head=mlp)) == depends(study_of(head={"kind": "mlp", "hidden": [256], "dropout": 0.5}))
    assert depends(study_of(head=mlp)) != depends(study_of(head=own))


HEAD = {  # another value of each setting of a head, and a kind that has it; where it needs company, that too
    "hidden": ("ctt", {"hidden": [8]}), "maxout": ("ctt", {"hidden": [8], "maxout": 3}), "dropout": ("mlp", 0.1),
    "filters": ("ctt", 8), "width": ("ctt", 5), "units": ("lstm", 8), "segment": ("plain_cnn", 50),
    "parts": ("ctt_spectrogram", 3), "draws": ("ctt_spectrogram", 5), "grid": ("conv", [5, 5]),
    "pooling": ("conv", "max"), "channels": ("plain_cnn", [8]), "over_steps": ("conv", "max"),
    "trains_on": ("conv", "clips"), "length": ("ctt", 20), "too_long": ("ctt", {"length": 20, "too_long": "random"}),
    "mask": ("lstm", {"length": 20, "mask": False}), "standardize": ("mlp", False),
    "full_length": ("ctt", {"length": 20, "full_length": True}), "n_layers": ("single_transformer", 3),
    "n_heads": ("single_transformer", 4), "position_dropout": ("multi_transformer", 0.5),
    "positions": ("multi_transformer", 300), "averaged": ("multi_transformer", ["ocr"]),
    "step_epochs": ("mlp_transformer", 3),
}  # fmt: skip
OF_TWO = tuple({"name": name, "label": name, "backbone": AUDIO, "reads": "waveform"} for name in ("asr", "ocr"))


@pytest.mark.parametrize("key", [name for name in HeadParams.model_fields if name != "kind"])
def test_a_trial_depends_on_every_setting_of_its_head(key):
    kind, change = HEAD[key]
    change = change if isinstance(change, dict) else {key: change}
    company = {name: value for name, value in change.items() if name != key}
    reads = {"backbone": None, "features": OF_TWO} if key == "averaged" else {"backbone": AUDIO}
    heads = [study_of(**reads, head={"kind": kind, **settings}) for settings in (change, company)]
    assert depends(heads[0]) != depends(heads[1])


@pytest.mark.parametrize(
    ("column", "value"), [("clip_id", "c"), ("label", "sea"), ("sha256", "2" * 64), ("split", "val")]
)
def test_a_trial_depends_on_every_clip_and_on_no_order(column, value):
    changed = CLIPS.copy()
    changed.loc[0, column] = value
    assert depends(study_of(), changed) != depends(study_of()) == depends(study_of(), CLIPS[::-1])


def test_a_trial_depends_on_the_bytes_of_its_weights(tmp_path):
    file = tmp_path / "a.weights.h5"
    file.write_bytes(b"one")
    before = depends(study_of(weights=str(file)))
    file.write_bytes(b"another")
    assert depends(study_of(weights=str(file))) != before


@pytest.mark.parametrize("code", ["benchmark.features.dependencies.builder_source", "spectrograms.version.pictures"])
def test_a_trial_depends_on_the_code_of_builder_and_pictures(monkeypatch, code):
    before = depends(study_of())
    monkeypatch.setattr(code, lambda *given: "other")
    assert depends(study_of()) != before


@pytest.mark.parametrize(("section", "key", "change"), changes(PICTURE))
def test_a_picture_has_an_address_of_its_own_for_every_setting(section, key, change):
    def place(study):
        return image_path("0" * 64, "cache", study.clip, study.mel, study.image)

    assert place(study_of(section, change)) != place(study_of())


@pytest.fixture
def address(monkeypatch):
    """Return a function from a study to the folder that its network's features are kept in; no network is built."""

    def cached(clips, folder, *given):
        raise LookupError(str(folder))

    monkeypatch.setattr(extractor, "cached_features", cached)

    def address_of(study, kind=PictureExtractor, digest="0" * 64, model=None):
        made = object.__new__(kind)
        made.network, made.settings, made.weights = study.models[0], study, {"sha256": digest}
        made.graph = tiny() if model is None else model
        with pytest.raises(LookupError) as found:
            made.features(CLIPS, 8)
        return str(found.value)

    return address_of


SHAPE_FEATURES = [(section, change, {}, {}) for section, _, change in changes(PICTURE)]
SHAPE_FEATURES += [(None, None, of_network(key), READER.get(key, {})) for key in sorted(OF_FEATURES)]


@pytest.mark.parametrize(("section", "change", "network", "company"), SHAPE_FEATURES)
def test_features_have_an_address_of_their_own_for_every_setting(address, section, change, network, company):
    usual = study_of(**company)
    assert address(study_of(section, change, **network)) != address(usual) == address(study_of(**company))


@pytest.mark.parametrize("kind", [PictureExtractor, WaveformExtractor])
def test_features_have_an_address_of_their_own_for_other_weights(address, kind):
    assert address(study_of(), kind, "1" * 64) != address(study_of(), kind)


def tiny(activation="relu", scale=1.0, kernel=3):
    """Return a network of one layer behind its preprocessing; the layers have names that Keras makes up."""
    image = keras.Input((8, 8, 3))
    x = InputNormalization(scale=(scale,) * 3, name="input_normalization")(image)
    return keras.Model(image, keras.layers.Conv2D(2, kernel, padding="same", activation=activation)(x))


@pytest.mark.parametrize("change", [{"activation": "tanh"}, {"scale": 1 / 255}, {"kernel": 1}], ids=str)
def test_features_have_an_address_of_their_own_for_another_architecture_or_preprocessing(address, change):
    assert address(study_of(), model=tiny(**change)) != address(study_of())


def sliced():
    """Return a network with a slice and a sum, also within a network in it: Keras makes up the names of these too."""
    steps = keras.Input((4, 3))
    inner = keras.Model(steps, keras.layers.Dense(2)(steps[:, 1:]))
    x = inner(steps)
    return keras.Model(steps, x[:, 0] + x[:, 1])


def test_features_have_the_same_address_whatever_was_built_before(address):
    first = address(study_of(), model=sliced())
    assert address(study_of(), model=sliced()) == first != address(study_of(), model=tiny())


@pytest.mark.parametrize("kind", [PictureExtractor, WaveformExtractor])
@pytest.mark.parametrize("code", ["spectrograms.version.decoding", "benchmark.features.dependencies.builder_source"])
def test_features_have_an_address_of_their_own_for_other_code(address, monkeypatch, kind, code):
    before = address(study_of(), kind)
    version.pictures.cache_clear()
    monkeypatch.setattr(code, lambda *given: "other")
    try:
        assert address(study_of(), kind) != before
    finally:
        version.pictures.cache_clear()


MADE_BY = [
    (FrameExtractor, "benchmark.features.frames"), (FrameExtractor, "benchmark.features.pictures"),
    (FrameExtractor, "benchmark.features.extractor"), (PictureExtractor, "benchmark.features.batches"),
    (PictureExtractor, "benchmark.models.preprocessing"), (WaveformExtractor, "benchmark.features.hub"),
    (SpectrogramExtractor, "benchmark.features.spectrogram"), (TextExtractor, "benchmark.features.texts"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "module"), MADE_BY, ids=str)
def test_features_have_an_address_of_their_own_for_other_code_of_an_extractor(address, monkeypatch, kind, module):
    before, source = address(study_of(), kind), version.source
    monkeypatch.setattr(version, "source", lambda name: "other" if name == module else source(name))
    assert address(study_of(), kind) != before


@pytest.mark.parametrize(("reads", "code"), [
    ("frames", "spectrograms.version.reading"), ("pixels", "spectrograms.version.reading"),
    ("frames", "benchmark.video.frames.film_code"), ("low_level", "benchmark.video.measures._own_code"),
    ("low_level", "spectrograms.version.decoding"),
])  # fmt: skip
def test_what_is_read_of_films_depends_on_the_code_that_decodes_and_resizes(monkeypatch, reads, code):
    """``reading`` stands for spectrograms.image, whose resize makes pictures of one size of frames."""
    given = {"reads": "frames"} if reads == "frames" else {"reads": reads, "backbone": None}
    before = depends(study_of(dataset_kind="video", **given))
    monkeypatch.setattr(code, lambda *given: "other")
    assert depends(study_of(dataset_kind="video", **given)) != before


@pytest.mark.parametrize("reads", COMPUTED_BY)
def test_a_trial_depends_on_the_code_that_computes_what_no_network_does(monkeypatch, reads):
    assert COMPUTED_BY[reads] == EXTRACTORS[reads].__module__
    study, source = study_of(dataset_kind="video", reads=reads, backbone=None), version.source
    before = depends(study)
    monkeypatch.setattr(version, "source", lambda name: "other" if name == COMPUTED_BY[reads] else source(name))
    assert depends(study) != before


def test_all_that_is_computed_without_a_network_has_its_module():
    made = {reads for reads, kind in EXTRACTORS.items() if kind.is_computed and READS[reads] is None}
    made -= {"several"}  # of which each is one of the others
    assert made == set(COMPUTED_BY)


def test_features_have_an_address_of_their_own_for_another_precision(address):
    before = address(study_of())
    with precision("bfloat16"):
        assert address(study_of()) != before


@pytest.mark.parametrize(("section", "key", "change"), changes(("clip", "mel")))
def test_embeddings_have_an_address_of_their_own_for_every_setting_of_the_clip_alone(address, section, key, change):
    changed, study = study_of(section, change, backbone=AUDIO), study_of(backbone=AUDIO)
    others = address(changed, WaveformExtractor) != address(study, WaveformExtractor)
    assert others == (section == "clip")


SEGMENTS = {
    "seconds": 2.0, "sample_rate": 22050, "n_fft": 512, "hop_length": 512, "n_mels": 64, "scale": "decibels",
}  # fmt: skip
COLUMNS = {"reads": "spectrogram", "backbone": None}
FRAMES = {  # another value of each setting; where it needs company, that too
    "sample": {"sample": "every"}, "n": {"n": 3}, "every": {"sample": "every", "every": 2.0}, "start": {"start": 1.0},
    "end": {"end": 9.0}, "skip_black": {"skip_black": True}, "middle": {"middle": 2}, "size": {"size": 64},
    "detector": {"sample": "scene", "detector": "content"}, "threshold": {"sample": "scene", "threshold": 0.5},
    "most": {"sample": "every", "most": 9}, "seed": {"sample": "random", "seed": 1},
}  # fmt: skip


@pytest.mark.parametrize("key", SegmentParams.model_fields)
def test_a_spectrogram_and_its_trials_depend_on_every_setting_of_segments(address, key):
    changed, study = study_of("segments", {key: SEGMENTS[key]}, **COLUMNS), study_of(**COLUMNS)
    assert address(changed, SpectrogramExtractor) != address(study, SpectrogramExtractor)
    assert depends(changed) != depends(study)
    assert depends(study_of("segments", {key: SEGMENTS[key]})) == depends(study_of())


@pytest.mark.parametrize("key", FrameParams.model_fields)
def test_features_of_frames_and_their_trials_depend_on_every_setting_of_frames(address, key):
    company = {name: value for name, value in FRAMES[key].items() if name != key}
    changed, study = (study_of("frames", given, "video", reads="frames") for given in (FRAMES[key], company))
    assert address(changed, FrameExtractor) != address(study, FrameExtractor)
    assert depends(changed) != depends(study)


WHISPER = {"recogniser": "faster_whisper", "model": "somewhere"}
TEXT = {  # another value of each setting; what it is changed from
    "recogniser": ({"recogniser": "pocketsphinx"}, WHISPER),
    "confidence": ({"confidence": 0.9}, WHISPER),
    "loudness": ({"loudness": -30}, WHISPER),
    "language": ({"language": "any"}, WHISPER),
    "similarity": ({"similarity": 0.9}, {"recogniser": "rapidocr"}),
    "letters": ({"letters": 3}, {"recogniser": "rapidocr"}),
    "missed": ({"missed": 2}, {"recogniser": "rapidocr"}),
    "per": ({"per": "clip"}, WHISPER),
}


def reading_words(text, **changes):
    reads = "screen_text" if text["recogniser"] == "rapidocr" else "speech"
    given = {"reads": reads, "backbone": "hashed_ngrams", "text": text, "dataset_kind": "video"}
    return study_of(**given | changes)


def test_every_setting_of_texts_has_its_line():
    assert set(TEXT) | {"model"} == set(TextParams.model_fields)  # the model counts by its bytes


@pytest.mark.parametrize("key", TEXT)
def test_words_and_their_trials_depend_on_every_setting_of_texts(address, key):
    change, company = TEXT[key]
    changed = reading_words(change if key == "recogniser" else company | change)
    study = reading_words(company)
    assert address(changed, TextExtractor) != address(study, TextExtractor)
    assert depends(changed) != depends(study)
    folders = [transcripts_of(each.models[0], each) for each in (changed, study)]
    assert (folders[0] == folders[1]) == (key == "per")


def test_words_depend_on_the_bytes_of_a_recognisers_model_and_not_on_where_it_lies(address, tmp_path):
    def folder(name, content):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.bin").write_text(content)
        study = reading_words(WHISPER | {"model": str(tmp_path / name)})
        return address(study, TextExtractor), transcripts_of(study.models[0], study)

    one, moved, other = folder("one", "a"), folder("moved", "a"), folder("other", "b")
    assert one == moved
    assert len({one[0], other[0]}) == len({one[1], other[1]}) == 2


WORDS_DEPEND = [
    ("rapidocr", {"section": "frames", "change": {"n": 3}}),
    ("rapidocr", {"section": "frames", "change": {"size": 64}}),
    ("pocketsphinx", {"section": "clip", "change": {"duration": 3.0}}),
]  # fmt: skip


@pytest.mark.parametrize(("recogniser", "change"), WORDS_DEPEND, ids=str)
def test_words_depend_on_the_frames_or_the_clip_that_they_are_found_in(address, recogniser, change):
    """The section of the study that is not read shapes nothing."""
    for name in ("rapidocr", "pocketsphinx"):
        studies = [reading_words({"recogniser": name}, **given) for given in (change, {})]
        studies = [study.for_model(study.models[0]) for study in studies]
        addresses = [address(study, TextExtractor) for study in studies]
        folders = [transcripts_of(study.models[0], study) for study in studies]
        assert (addresses[0] == addresses[1]) == (folders[0] == folders[1]) == (name != recogniser)


WORDS_CODE = [
    ("rapidocr", "benchmark.video.frames.film_code"), ("pocketsphinx", "spectrograms.version.decoding"),
    ("rapidocr", "benchmark.texts.kept._room_code"), ("pocketsphinx", "benchmark.texts.kept._installed"),
]  # fmt: skip


@pytest.mark.parametrize(("recogniser", "code"), WORDS_CODE, ids=str)
def test_words_depend_on_the_code_that_reads_and_finds_them(address, monkeypatch, recogniser, code):
    study = reading_words({"recogniser": recogniser})
    before = address(study, TextExtractor), transcripts_of(study.models[0], study), depends(study)
    monkeypatch.setattr(code, lambda *given: "other")
    after = address(study, TextExtractor), transcripts_of(study.models[0], study), depends(study)
    assert not any(one == other for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("key", sorted({*NETWORK} - OF_FEATURES))
def test_features_are_shared_by_models_that_differ_in_what_follows_them(address, key):
    """Weights have an address by their values, which this network that is not built does not know.

    A fusion has no features."""
    if key not in ("weights", "weights_sha256", "fusion"):
        assert address(study_of(**of_network(key))) == address(study_of(name="y", **READER.get(key, {})))


class Newer(TrainingParams):
    """Training settings of a later version, which has one more."""

    warmup: int = 0


def test_a_setting_that_is_new_makes_no_finished_trial_run_again():
    known = study_of("training", {"epochs": 3})
    newer = known.model_copy(update={"training": Newer(epochs=3)})
    assert depends(newer) == depends(known)
    assert depends(newer.model_copy(update={"training": Newer(epochs=3, warmup=1)})) != depends(known)


def test_the_mark_of_complete_features_knows_the_clips_and_the_seed_of_random_weights():
    def key(seed=0, digests="ab", **network):
        study = study_of(**network)
        return mark_key(study.models[0], study, seed, digests)

    assert key() == key(1) == key(digests="ba") == key(dropout=0.5)
    assert len({key(), key(digests="abc"), key(input_size=96), key(weights="random"), key(1, weights="random")}) == 5


def table(*digests):
    return pd.DataFrame({"clip_id": [f"c{i}" for i in range(len(digests))], "sha256": digests})


class Counter:
    """Compute a feature that tells the clip apart, and count how often."""

    def __init__(self):
        self.seen = []

    def __call__(self, rows):
        self.seen += list(rows["sha256"])
        return [np.full((2, 3), float(ord(digest))) for digest in rows["sha256"]]


def test_each_clip_is_computed_once_and_comes_back_in_order_a_damaged_one_again(tmp_path):
    compute = Counter()
    first = cached_features(table("a", "a", "b", "c"), tmp_path, compute, batch_size=2)  # the same bytes, two names
    second = cached_features(table("c", "a"), tmp_path, compute, batch_size=2)
    assert compute.seen == ["a", "b", "c"]
    assert [array[0, 0] for array in first] == [97, 97, 98, 99]
    assert [array[0, 0] for array in second] == [99, 97]
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY cut short")
    assert cached_features(table("a", "b"), tmp_path, compute, batch_size=1)[0][0, 0] == 97
    assert compute.seen == ["a", "b", "c", "a"]


def test_what_was_computed_before_a_crash_is_kept(tmp_path):
    compute = Counter()

    def crash(rows):
        if "c" in list(rows["sha256"]):
            raise RuntimeError("power cut")
        return compute(rows)

    with contextlib.suppress(RuntimeError):
        cached_features(table("a", "b", "c"), tmp_path, crash, batch_size=2)
    cached_features(table("a", "b", "c"), tmp_path, compute, batch_size=2)
    assert compute.seen == ["a", "b", "c"]
