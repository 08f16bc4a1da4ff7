import re

import pytest
import yaml

from benchmark.config.columns import ColumnParams
from benchmark.config.features import READS
from benchmark.config.load import load_study
from benchmark.config.networks import CONFIGS, load_network, network_names
from benchmark.config.schema import write_schemas
from benchmark.config.sections import read_section
from benchmark.config.study import NetworkParams, TrainingParams
from benchmark.errors import StudyError
from benchmark.store.yaml_file import parse
from tests.support.study_files import write_study


def of_film(model):
    return {"dataset": {"root": "x", "kind": "video"}, "models": [model]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mel": {"hop_lenght": 1}}, "unknown key 'hop_lenght' in section mel; did you mean 'hop_length'"),
        ({"trainin": {}}, "unknown key 'trainin'; did you mean 'training'"),
        ({"training": {"epochs": "five"}}, "training.epochs: .*integer.*got 'five'"),
        ({"training": {"regime": "frozn"}}, "did you mean 'frozen'"),
        ({"image": {"colormap": "magna"}}, "image.colormap: 'magna' is not a valid .*Did you mean one of: 'magma'"),
        ({"models": ["vgg_16"]}, "unknown model 'vgg_16'; did you mean 'vgg16'"),
        (
            {"models": [{"extends": "ctt_c", "features": ["yamnet", "vggish"]}]},
            "the ctt head reads one kind of features; of several choose linear or mlp or single_transformer",
        ),
        ({"models": [{"extends": "vgg16", "weigths": "a"}]}, "vgg16: unknown key 'weigths'; did you mean 'weights'"),
        ({"models": ["vgg16", "vgg16"]}, "models named twice: vgg16"),
        ({"models": []}, "models: .*at least 1 item"),
        ({"models": "vgg16"}, "models must be a list"),
        ({"models": [7]}, "must be a name or a mapping"),
        ({"split": {"fractions": [0.7, 0.1, 0.1]}}, "sum to 1"),
        ({"split": {"seeds": [1, 1]}}, "different integers"),
        ({"mel": {"fmin": 12000}}, "sample_rate/2 = 11025 Hz must hold"),
        ({"mel": {"hop_length": 4096}}, "hop_length must be in 1..n_fft=2048; got 4096"),
        ({"dataset": {"root": "x", "group_pattern": "("}}, "no regular expression"),
        ({"dataset": {"root": "x", "group_pattern": [["(a)", "a"], ["b", r"\1"]]}}, "invalid group reference"),
        ({"dataset": {"root": "x", "group_pattern": [["a", "b", "c"]]}}, "group_pattern"),
        (
            {"dataset": {"root": "x", "columns": {"lable": "y"}}},
            r"unknown key 'lable' in section dataset.columns; did you mean 'label'",
        ),
        ({"dataset": {"root": "x", "kind": "images"}, "models": ["yamnet"]}, "cannot read clips of .* 'images'"),
        ({"dataset": None}, "dataset: .*got None"),
        ({"augment": {"translation": 30}}, "frozen features are computed once"),
        ({"augment": {"scale": [1.1, 0.9]}}, "the smallest and the largest factor"),
        ({"training": {"head_rate": 3}}, "belongs to preset: matlab"),
        ({"training": {"l2": 0.1}}, "training.l2 has no effect: the frozen head is solved"),
        ({"training": {"regime": "finetune", "save": "head"}}, "use 'model' or 'none'"),
        ({"training": {"input_normalization": "matlab-reset"}}, "need regime: finetune"),
        ({"training": {"preset": "matlap"}}, "did you mean 'matlab'"),
        ({"models": [{"extends": "vgg16", "head": "mpl"}]}, "head.kind: .*'linear', 'mlp', .*did you mean 'mlp'"),
        ({"models": [{"extends": "vgg16", "head": {"kind": "lin"}}]}, "model vgg16: head.kind: .*'linear', 'mlp'"),
        ({"models": [{"extends": "vgg16", "head": {"hidden": [8]}}]}, "the linear head takes no settings; got hidden"),
        ({"models": [{"extends": "vgg16", "head": {"kind": "mlp", "hiden": 1}}]}, "did you mean 'hidden'"),
        (
            {"models": [{"extends": "vgg16", "head": {"kind": "mlp", "width": 5}}]},
            "the mlp head takes hidden, dropout, standardize; got width",
        ),
        (
            {"models": [{"extends": "vgg16", "head": "lstm"}]},
            "model vgg16: the lstm head reads the steps of a clip, and a picture has none; choose linear or mlp",
        ),
        ({"models": [{"extends": "yamnet", "head": {"kind": "ctt", "maxout": 4}}]}, "maxout is of .* give hidden too"),
        ({"models": [{"extends": "yamnet", "head": {"kind": "ctt", "mask": False}}]}, "mask: false needs length"),
        (
            {"models": [{"extends": "yamnet", "head": {"kind": "lstm", "too_long": "random"}}]},
            "too_long: random has no effect without length",
        ),
        (
            {"models": [{"extends": "yamnet", "head": {"kind": "conv", "grid": [2, 7]}}]},
            "width 3 is wider than the grid, 2 x 7 cells",
        ),
        (
            {"models": ["vgg19", {"extends": "vgg16", "head": "mlp"}], "training": {"optimizer": "lbfgs"}},
            "model vgg16: lbfgs solves a linear head alone, and its head is mlp; leave out training.optimizer",
        ),
        (
            {"models": [{"extends": "vgg16", "head": "mlp", "training": {"C": 2}}]},
            "model vgg16: training.C has no effect",
        ),
        (
            {"dataset": {"root": "x", "kind": "video", "share_sound": True}},
            "dataset.share_sound has no effect on dataset.kind: video",
        ),
        (
            of_film({"extends": "vgg16", "head": "conv"}),
            "model vgg16: the conv head reads a map of each frame, and .* set pooling: flatten",
        ),
        (
            of_film({"name": "p", "features": "pixels", "input_size": 32, "head": {"kind": "conv", "grid": [16, 32]}}),
            r"model p: head.grid must be \[32, 32\], the pixels of input_size; got \[16, 32\]",
        ),
        *(
            (of_film(model | {"name": "m"}), f"model m: {slip}")
            for model, slip in (
                ({"extends": "vgg16", "key": "a"}, "key has no effect on reads: frames, only on given"),
                ({"extends": "vgg16", "sound": True}, "sound has no effect on reads: frames, only on low_level"),
                ({"extends": "yamnet", "crops": 10}, "crops has no effect on reads: waveform, only on frames"),
                ({"features": "spectrogram", "pooling": "flatten"}, "pooling has no effect on reads: spectrogram"),
                ({"features": "vllf", "weights_sha256": "0" * 64}, "weights_sha256 has no effect on reads: low_level"),
            )
        ),
        ({"name": "../up"}, "a name becomes a folder"),
    ],
)
def test_every_slip_is_told_with_the_file_and_what_was_expected(tmp_path, changes, message):
    with pytest.raises(StudyError, match=message) as error:
        load_study(write_study(tmp_path, "data", **changes))
    assert "study.yaml" in str(error.value)
    assert "pydantic" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "expected a mapping"),
        ("a: [", "not valid YAML"),
        ("", "expected a mapping"),
        ("a: \x00", "not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", "not valid YAML: the key 'a' stands in line 1 and again in line 3"),
        ("x: {a: 1, b: 2, a: 1}\n", "the key 'a' stands in line 1 and again in line 1"),
        ("x:\n  - {c: 1,\n     'c': 2}\n", "the key 'c' stands in line 2 and again in line 3"),
        ("x:\n  on: 1\n  y: 2\n  on: 3\n", "the key 'on' stands in line 2 and again in line 4"),
    ],
)
def test_a_file_that_is_no_study_is_named(tmp_path, text, message):
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(StudyError, match=f"odd.yaml.*{message}"):
        load_study(tmp_path / "odd.yaml")


def test_a_missing_study_suggests_its_neighbour():
    with pytest.raises(StudyError, match=r"did you mean 'demo.yaml'"):
        load_study(CONFIGS / "dem.yaml")


def test_set_changes_nested_values_and_models_by_name_or_number(tmp_path):
    path = write_study(tmp_path, "data", models=["vgg16", {"extends": "vgg19", "name": "mine"}])
    overrides = ["training.epochs=7", "models.mine.weights=a.h5", "models.0.weights=random", "split.seeds=[3, 4]"]
    study = load_study(path, overrides)
    assert study.training.epochs == 7
    assert study.split.seeds == (3, 4)
    assert [model.weights for model in study.models] == ["random", "a.h5"]


NO_PLACE = ("epochs", "models.nobody.weights=1", "name.first=1", "models.9=vgg16")
NO_YAML = ("split.seeds=[1, 2", "training.epochs=: 5", "mel={n_mels: 64, n_mels: 32}")


@pytest.mark.parametrize("override", [*NO_PLACE, *NO_YAML])
def test_set_without_a_place_or_a_value_of_yaml_is_told_as_that(tmp_path, override):
    said = f"--set {re.escape(override)}: '.*' is not valid YAML" if override in NO_YAML else "--set"
    with pytest.raises(StudyError, match=said):
        load_study(write_study(tmp_path, "data"), [override])


def test_a_model_may_have_training_settings_of_its_own(tmp_path):
    study = load_study(write_study(tmp_path, "data", models=["vgg16", {"extends": "vgg19", "training": {"epochs": 3}}]))
    assert [study.for_model(model).training.epochs for model in study.models] == [None, 3]


def test_the_matlab_preset_sets_what_the_study_does_not():
    given = read_section(TrainingParams, {"preset": "matlab", "batch_size": 10})
    assert (given.optimizer, given.learning_rate, given.batch_size, given.l2) == ("sgdm", 0.01, 10, 1e-4)
    assert read_section(TrainingParams, {"preset": "matlab", "optimizer": "adam"}).learning_rate == 0.001
    assert read_section(TrainingParams, {"preset": "matlab", "regime": "frozen"}).input_normalization == "pretrained"


def test_only_keeps_the_named_models_and_knows_no_others(tmp_path):
    path = write_study(tmp_path, "data", models=["vgg16", "vgg19"])
    assert [model.name for model in load_study(path, only=["vgg19"]).models] == ["vgg19"]
    with pytest.raises(StudyError, match="did you mean 'vgg19'"):
        load_study(path, only=["vgg91"])


EXCLUDED = {  # what is wrong with the other model, or with what names it
    "unknown name": {"models": ["vgg16", "vgg91"]},
    "no mapping": {"models": ["vgg16", 5]},
    "unknown key": {"models": ["vgg16", {"extends": "vgg19", "droput": 0}]},
    "own training": {"models": ["vgg16", {"extends": "vgg19", "training": {"epoch": 3}}]},
    "takes sound": {"models": ["vgg16", "yamnet"], "dataset": {"root": "data", "kind": "images"}},
    "an ensemble": {"models": ["vgg16", "vgg19"], "ensembles": [["vgg16", "vgg19"]]},
    "the regime": {"models": ["vgg16", {"extends": "vgg19", "training": {"regime": "finetune"}}],
                   "augment": {"reflection": True}},
}  # fmt: skip


@pytest.mark.parametrize("what", EXCLUDED)
def test_only_drops_what_it_excludes_before_the_study_is_judged(tmp_path, what):
    study = load_study(write_study(tmp_path, "data", **EXCLUDED[what]), only=["vgg16"])
    assert [model.name for model in study.models] == ["vgg16"]
    assert study.ensembles == ()


def test_only_still_judges_what_it_keeps(tmp_path):
    path = write_study(tmp_path, "data", models=["vgg16", {"extends": "vgg19", "training": {"epoch": 3}}])
    with pytest.raises(StudyError, match=r"model vgg19: training: unknown key 'epoch'; did you mean 'epochs'"):
        load_study(path, only=["vgg19"])
    with pytest.raises(StudyError, match="augment needs regime: finetune"):
        load_study(write_study(tmp_path, "data", models=["vgg16", "vgg19"], augment={"reflection": True}))


def test_a_model_that_trains_its_head_alone_cannot_ask_for_more(tmp_path):
    sound = {"extends": "yamnet", "training": {"regime": "finetune"}}
    with pytest.raises(StudyError, match=r"model yamnet: training\.regime has no effect: of a model that reads wav"):
        load_study(write_study(tmp_path, "data", models=["vgg16", sound]))
    study = load_study(write_study(tmp_path, "data", models=["vgg16", "yamnet"], training={"regime": "finetune"}))
    assert [study.training.regime_of(model.reads) for model in study.models] == ["finetune", "frozen"]
    assert [reads for reads in READS if study.training.regime_of(reads) != "frozen"] == ["picture"]


def test_the_slips_of_all_models_are_told_at_once(tmp_path):
    with pytest.raises(StudyError, match=r"vgg91(.|\n)*droput"):
        load_study(write_study(tmp_path, "data", models=["vgg91", {"extends": "vgg19", "droput": 0}]))
    own = [{"extends": name, "training": {"epoch": 3}} for name in ("vgg16", "vgg19")]
    with pytest.raises(StudyError, match=r"model vgg16: training: .*'epoch'.*model vgg19: training: .*'epoch'"):
        load_study(write_study(tmp_path, "data", models=own))


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_study_of_the_repository_is_valid_and_reads_back_as_itself_when_resolved(path, tmp_path):
    study = load_study(path)
    (tmp_path / "resolved.yaml").write_text(yaml.safe_dump(study.model_dump(mode="json")))
    assert load_study(tmp_path / "resolved.yaml").model_dump() == study.model_dump()


@pytest.mark.parametrize("name", network_names())
def test_every_network_file_is_valid_and_labelled(name):
    reads = {part.reads for part in load_network(name).parts}
    file = "wehrmann2017" if "frames" in reads else "demo"
    assert load_study(CONFIGS / f"{file}.yaml", [f"models=[{name}]"]).models[0].label != name


def test_the_committed_schemas_are_those_of_the_code(tmp_path):
    for path in write_schemas(tmp_path):
        assert (CONFIGS / path.name).read_text() == path.read_text(), "run: python run_benchmark.py schema"


def test_weights_are_named_sources_or_paths():
    network = NetworkParams(name="n", label="N", backbone="keras.applications.VGG16", weights="some/where/w.h5")
    assert network.weights_name == "w.h5"
    assert network.model_copy(update={"weights": "random"}).weights_path is None


@pytest.mark.parametrize(
    "text",
    [
        "a: {x: 1, y: 2}\nb: {x: 1}\n",
        "- {x: 1}\n- {x: 2}\n",
        "base: &base {x: 1, y: 2}\nmine: {<<: *base, x: 3}\nother: {<<: *base, x: 4, y: 5}\n",
        "base: &base {x: 1}\nmore: &more {<<: *base, x: 2}\nlast: {<<: *more, x: 3}\n",
        "1: a\n'1': b\n",
    ],
)
def test_keys_that_stand_once_are_read_as_pyyaml_does(text):
    assert parse(text) == yaml.safe_load(text)


TYPED = [  # a text or path setting, and what is typed for it
    *(("dataset.root", text) for text in ("take #2", "a: b", "[x]", "{x}", "null", "5", "no", "2020-01-01", "- x")),
    *(("dataset.group_pattern", text) for text in (r"[a-z]+", "[ab]", r"^(\d+)-", "a#1", "x: y", "- a", "1")),
    ("models.vgg16.weights", "my #1.h5"), ("models.0.label", "VGG: the first"), ("name", "7"), ("cache", "on"),
    ("dataset.columns.label", "true"), ("dataset.encoding", "437"), ("image.colormap", "gray"),
]  # fmt: skip


def set_to(tmp_path, key, text):
    """Return a setting of a study of one model as ``--set`` reads its text."""
    setting = load_study(write_study(tmp_path, "data", models=["vgg16"]), [f"{key}={text}"])
    for part in key.split("."):
        if isinstance(setting, tuple):  # the models
            (setting,) = setting
        else:
            setting = setting[part] if isinstance(setting, dict) else getattr(setting, part)
    return setting


@pytest.mark.parametrize(("key", "text"), TYPED)
def test_a_text_or_path_is_what_was_typed(tmp_path, key, text):
    assert str(set_to(tmp_path, key, text)) == text


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training.epochs=7", 7),
        ("latency.seconds=1e-2", 0.01),
        ("latency.batch=null", None),
        ("training.mixed_precision=off", "off"),
        ("leakage=off", "off"),
        ("tracking=null", None),
        ("dataset.group_pattern=null", None),
        ("dataset.group_pattern=[['^a', one], [b, two]]", (("^a", "one"), ("b", "two"))),
        ("dataset.columns={label: genre}", ColumnParams(label="genre")),
        ("dataset.columns.labels=[Action, Drama]", ("Action", "Drama")),
        ("image.size=[64, 32]", (64, 32)),
        ("split.seeds=[3, 4]", (3, 4)),
        ("dataset.share_sound=yes", True),
    ],
)
def test_what_is_no_text_is_read_as_yaml(tmp_path, override, expected):
    assert set_to(tmp_path, *override.split("=")) == expected


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("BENCH", "elsewhere")
    network = {"extends": "vgg16", "weights": "~/w.h5"}
    data = {"root": "~/data", "folder": "~/sounds"}
    study = load_study(write_study(tmp_path, "data", dataset=data, models=[network], cache="~/c"), ["results=~/$BENCH"])
    assert [str(path) for path in (study.dataset.root, study.dataset.folder, study.cache, study.results)] == [
        "/home/someone/data", "/home/someone/sounds", "/home/someone/c", "/home/someone/$BENCH",  # no variable is read
    ]  # fmt: skip
    assert str(study.models[0].weights_path) == "/home/someone/w.h5"
    assert str(load_study(write_study(tmp_path, "data"), ["results=a~b/~"]).results) == "a~b/~"


@pytest.mark.parametrize(
    ("head", "training", "optimizer"),
    [
        ("linear", {}, "auto"),
        ("mlp", {}, "adam"),
        ({"kind": "mlp", "hidden": [8, 8]}, {"optimizer": "rmsprop"}, "rmsprop"),
        ("mlp", {"preset": "matlab"}, "sgdm"),
        ({"kind": "mlp", "standardize": False}, {"l2": 1e-4}, "adam"),
    ],
)
def test_a_head_that_is_not_linear_is_trained_in_gradient_steps(tmp_path, head, training, optimizer):
    models = [{"extends": "vgg16", "head": head}]
    study = load_study(write_study(tmp_path, "data", models=models, training=training))
    own = study.for_model(study.models[0]).training
    assert own.optimizer == optimizer
    assert own.solves("frozen") == (head == "linear")
