"""What would go wrong in a run is found before it: networks, packages, weights in caches and behind addresses."""

import hashlib
import http.server
import sys
import threading
import time

import keras
import pytest

from benchmark.config.networks import load_network
from benchmark.config.study import NetworkParams
from benchmark.data import preparation as prepare
from benchmark.errors import StudyError
from benchmark.models import catalogue, sources
from benchmark.models.weights import load as weights
from benchmark.trials import checks, reach
from tests.support.audio_network import blocks
from tests.support.studies import NETWORK, SmallNet, folder_of, run, study_of

SIZE = 14_536_120  # bytes that the server says of its one file


class Handler(http.server.BaseHTTPRequestHandler):
    """Know /there/..., refuse /gone/..., take no HEAD at /get/..., and be slow at /slow/..."""

    def do_HEAD(self):
        self.server.asked.append(self.path)
        kind = self.path.split("/")[1]
        if kind == "slow":
            self.server.free.wait(10)
        self.send_response({"there": 200, "get": 405, "slow": 200}.get(kind, 404))
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()

    def log_message(self, *what):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.free, server.url = [], threading.Event(), f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.free.set()
    server.shutdown()
    server.server_close()


REFUSED = "http://127.0.0.1:9"  # where nobody listens


def test_an_address_is_asked_for_its_head_alone(server):
    urls = {kind: f"{server.url}/{kind}/file" for kind in ("there", "get", "gone")} | {"refused": f"{REFUSED}/file"}
    answers = reach.ask(urls.values())
    assert answers[urls["there"]] == reach.Answer(size=SIZE)
    assert answers[urls["get"]].problem == ""  # HEAD is not allowed there: a GET may be
    assert answers[urls["gone"]].problem == "HTTP 404 Not Found"
    assert "refused" in answers[urls["refused"]].problem
    assert "unknown url type" in reach.ask(["file.h5"])["file.h5"].problem


def test_slow_addresses_together_take_no_longer_than_one(server):
    began = time.monotonic()
    answers = reach.ask([f"{server.url}/slow/{number}" for number in range(8)], seconds=0.5)
    assert time.monotonic() - began < 3  # 0.5 s and what a busy machine adds; one after the other it were 4 s
    assert {answer.problem for answer in answers.values()} <= {"no answer within 0.5 s", "timed out"}


def study_with(pictures, tmp_path, *networks):
    """Return a study of these networks; those over waveforms too, which a study of pictures does not take."""
    models = tuple(NetworkParams.model_validate(network) for network in networks)
    return study_of(pictures, tmp_path).model_copy(update={"models": models})


def mobilenet(**changes):
    return load_network("mobilenet_v2").model_copy(update={"input_size": 96, **changes}).model_dump()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "models").mkdir(parents=True)
    return tmp_path / "home"


def fetched_from(monkeypatch, url):
    monkeypatch.setattr(sys.modules[keras.applications.MobileNetV2.__module__], "BASE_WEIGHT_PATH", url)


FILE = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5"  # Keras' own name for this size, without top


@pytest.mark.parametrize("place", ["there", "gone", "refused"])
def test_named_weights_that_are_not_cached_are_asked_for(pictures, tmp_path, monkeypatch, server, home, place):
    fetched_from(monkeypatch, f"{REFUSED if place == 'refused' else server.url}/{place}/")
    study = study_with(pictures, tmp_path, mobilenet())
    reasons, notes = checks.weights_to_fetch(study, {})
    if place == "there":
        assert reasons == {}
        assert notes == {"mobilenet_v2": f"{FILE} is not in {home / 'models'}; it will be fetched (15 MB)"}
    else:
        assert notes == {}
        assert f"could not be fetched: put {FILE} into {home / 'models'}, or set" in reasons["mobilenet_v2"]
        assert f"/{place}/{FILE})" in reasons["mobilenet_v2"]
    assert server.asked == ([] if place == "refused" else [f"/{place}/{FILE}"])


def test_offline_nobody_is_asked_and_the_file_is_said(pictures, tmp_path, monkeypatch, server, home):
    fetched_from(monkeypatch, f"{server.url}/gone/")
    study = study_with(pictures, tmp_path, mobilenet())
    reasons, notes = checks.weights_to_fetch(study, {}, offline=True)
    assert reasons == {}
    assert notes == {"mobilenet_v2": f"{FILE} is not in {home / 'models'}; not asked for (--offline)"}
    (home / "models" / FILE).touch()
    assert checks.weights_to_fetch(study, {}) == ({}, {})
    assert server.asked == []


def test_asking_for_a_file_leaves_keras_as_it_was_and_draws_no_numbers(home):
    library = sys.modules[keras.applications.MobileNetV2.__module__].file_utils
    before = library.get_file
    found = sources.source_of(NetworkParams.model_validate(mobilenet()))
    assert (found.file, found.cached) == (FILE, False)
    assert library.get_file is before
    core = keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), include_top=False)
    assert core.weights[0].numpy().std() > 0  # the next network is built as ever


def test_the_missing_file_is_called_as_keras_looks_for_it_not_as_its_address_does(monkeypatch, home):
    module = sys.modules[keras.applications.NASNetMobile.__module__]

    def no_network(fname, origin, *given, **named):
        raise Exception(f"URL fetch failure on {origin}: None -- no network")  # what Keras raises

    monkeypatch.setattr(module.file_utils, "get_file", no_network)
    network = load_network("nasnet_mobile")
    builder, _ = catalogue.find_builder(network.backbone)
    with (
        keras.StatelessScope(initialize_variables=False),  # the layers alone: it is quicker
        pytest.raises(weights.WeightsError, match=r"put nasnet_mobile_no_top\.h5 into"),
    ):
        catalogue.build_core(builder, network)
    assert sources.source_of(network).file == "nasnet_mobile_no_top.h5"


def test_caches_of_the_hubs_are_looked_into(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "tfhub"))
    resnet18 = load_network("resnet18")
    preset = NetworkParams(name="n", label="N", backbone="keras_hub:kaggle://keras/resnetv1/keras/resnet_18_imagenet/3")
    yamnet = load_network("yamnet")
    handle = yamnet.backbone.partition(":")[2]

    def cached():
        return [sources.source_of(resnet18).cached, sources.source_of(preset).cached,
                sources.hub_module(yamnet).cached]  # fmt: skip

    assert cached() == [False, False, False]
    repository = tmp_path / "hf" / "models--timm--resnet18.tv_in1k"
    files = [repository / "snapshots" / "abc" / name for name in ("config.json", "model.safetensors")]
    files.append(tmp_path / "kaggle/models/keras/resnetv1/keras/resnet_18_imagenet/3/model.weights.h5")
    files.append(tmp_path / "tfhub" / hashlib.sha1(handle.encode()).hexdigest() / "saved_model.pb")
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    assert cached() == [True, True, True]


def builder_of(outputs, preprocess_input=None):
    """Return a builder of models with these outputs of an image, a layer's or two."""

    def build(include_top=False, weights=None, input_shape=(32, 32, 3), pooling=None):
        image = keras.Input(input_shape)
        return keras.Model(image, outputs(image))

    build.preprocess_input = preprocess_input
    return build


TwoOutputs = builder_of(lambda image: [keras.layers.GlobalAveragePooling2D()(image)] * 2)
Sequence = builder_of(lambda image: keras.layers.Reshape((1, *image.shape[1:]))(image))  # of five dimensions
Squares = builder_of(keras.layers.GlobalAveragePooling2D(), lambda images: images**2)  # which no layer can do
not_callable = 5


def NoModel(include_top=False, weights=None, input_shape=(32, 32, 3), pooling=None):
    """A builder that returns no model."""
    return [input_shape]


def NoSound(weights=None, **options):
    """A builder that returns no network over sound."""
    return [options]


def NoArguments():
    """A builder that takes none of the arguments."""


HUB = "tensorflow_hub:nowhere"
SOUND = blocks("sound", 12000, input_size=None)
WRONG = {  # changes to a small network of one's own, and words of the reason
    "no such module": ({"backbone": "nobody.knows:this"}, r"'nobody.knows:this' cannot be found.*PYTHONPATH"),
    "no such function": ({"backbone": "tests.support.studies:SmalNet"}, "has no 'SmalNet'; did you mean 'SmallNet'"),
    "no function": ({"backbone": "tests.trials.test_checks:not_callable"}, "'not_callable' is no function"),
    "broken module": ({"backbone": "broken_builder:Net"}, "importing broken_builder fails: ZeroDivisionError"),
    "no model": ({"backbone": "tests.trials.test_checks:NoModel"}, "must return a functional Keras model .*; got list"),
    "two outputs": ({"backbone": "tests.trials.test_checks:TwoOutputs"}, "got Functional with 1 inputs, 2 outputs"),
    "no vector": ({"backbone": "tests.trials.test_checks:Sequence"}, "must end in one vector for each picture"),
    "no arguments": ({"backbone": "tests.trials.test_checks:NoArguments"}, "TypeError.*unexpected keyword argument"),
    "preprocessing": ({"backbone": "tests.trials.test_checks:Squares"}, "not a scale and an offset"),
    "options": ({"options": {"depht": 3}}, "TypeError.*depht"),
    "no such layer": ({"layer": "fc9"}, "has no layer 'fc9'; its last are"),
    "dropout after no layer": ({"inner_dropout": {"fc9": 0.5}}, "no layer 'fc9' to put dropout after"),
    "no weights file": ({"weights": "nowhere.h5"}, "no weights at nowhere.h5"),
    "no Caffe file": ({"backbone": "benchmark.models.googlenet:GoogLeNet", "weights": "imagenet"}, "bvlc_googlenet"),
    "a slip in a named source": ({"weights": "imagnet"}, "did you mean 'imagenet'"),
    "other weights": ({"weights": "other.weights.h5"}, "does not hold the weights"),
    "another digest": ({"weights": "small.weights.h5", "weights_sha256": "0" * 64}, "expected 0{64}, got"),
    "no keras.applications": ({"backbone": "keras.applications.VGG91"}, "did you mean 'VGG19'"),
    "nothing like it": ({"backbone": "keras.applications.ViT"}, "has no 'ViT'; it has ConvNeXt.*MobileNet"),
    "no such preset": ({"backbone": "keras_hub:resnet_18_imagenett"}, "did you mean 'resnet_18_imagenet'"),
    "a preset has no top": ({"backbone": "keras_hub:resnet_18_imagenet", "layer": "x"}, "no top to cut"),
    "no kind": ({"backbone": "VGG16"}, "must be keras.applications.NAME"),
    "too small": ({"backbone": "keras.applications.VGG16", "input_size": 8}, "at least 32x32"),
    "options of Keras": ({"backbone": "keras.applications.MobileNetV2", "options": {"alpah": 1.0}}, "alpah"),
    "no SavedModel": ({"backbone": HUB, "input_size": None, "weights": "audioset"}, "is no SavedModel"),
    "no network over sound": (SOUND | {"backbone": f"{__name__}:NoSound"}, "must return a SoundNetwork"),
    "another sample rate": (SOUND | {"sample_rate": 44100}, "reads sound at 12000 Hz"),
    "no such builder of sound": (SOUND | {"backbone": "tests.support.audio_network:Block"}, "did you mean 'Blocks'"),
    "no weights of sound": (SOUND | {"weights": "nowhere.pth"}, "no weights at nowhere.pth"),
    "a slip in named weights of sound": (SOUND | {"weights": "audiosett"}, "did you mean 'audioset'"),
    "no random builder": ({"backbone": HUB, "input_size": None}, "names no builder for weights: random"),
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The current folder with a weights file of another network, one that fits, and a broken module."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "broken_builder.py").write_text("Net = 1 / 0\n")
    keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)]).save_weights("other.weights.h5")
    SmallNet().save_weights("small.weights.h5")
    return tmp_path


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_network_is_found_with_its_reason(pictures, files, what):
    changes, words = WRONG[what]
    study = study_with(pictures, files, NETWORK | changes | {"name": "wrong"})
    found = checks.wrong_networks(study, thorough=True)
    with pytest.raises(AssertionError, match=words):  # the pattern runs over the reason alone
        raise AssertionError(" ".join(found["wrong"]))
    assert len(found["wrong"]) == 1


def test_right_networks_are_not_found_wrong(pictures, files):
    right = NETWORK | {"name": "file", "weights": "small.weights.h5"}
    vgg = load_network("vgg16").model_copy(update={"weights": "random", "input_size": 32}).model_dump()
    audio = load_network("yamnet").model_copy(update={"weights": "random"}).model_dump()
    sound = blocks("sound", 32000)
    study = study_with(pictures, files, NETWORK, right, vgg, mobilenet(weights="random"), audio, sound)
    assert checks.wrong_networks(study, thorough=True) == {}
    # A run does not run the user's builder before its trial: this one ends its process.
    deadly = NETWORK | {"name": "deadly", "backbone": "tests.engines.test_run:KilledNet"}
    assert checks.wrong_networks(study_with(pictures, files, NETWORK, right, vgg, audio, deadly)) == {}


def test_missing_packages_are_all_named(pictures, tmp_path, monkeypatch):
    study = study_of(pictures, tmp_path, engine="ray", tracking="mlflow")
    for name in ("ray", "mlflow", "tensorflow_hub", "keras_hub"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(StudyError, match=r"engine: ray needs .*\ntracking: mlflow needs .*pip install mlflow-skinny"):
        prepare.check_packages(study)
    hub = NETWORK | {"name": "hub", "backbone": "keras_hub:resnet_18_imagenet"}
    wrong = checks.wrong_networks(study_with(pictures, tmp_path, hub, load_network("yamnet").model_dump()))
    assert "pip install keras-hub" in wrong["hub"][0]
    assert "pip install tensorflow-hub" in wrong["yamnet"][0]


def test_a_finished_trial_outlives_its_weights_file(pictures, files):
    own = NETWORK | {"weights": str(files / "small.weights.h5")}
    study = study_of(pictures, files, models=[own, NETWORK | {"name": "other"}], training={"epochs": 1})
    run(study)
    before = (folder_of(study) / "predictions.csv").read_bytes()
    (files / "small.weights.h5").unlink()
    _, said = run(study, wrong=checks.judge(study, lambda line: None))
    assert said.count("done before, kept") == 2
    assert (folder_of(study) / "predictions.csv").read_bytes() == before
    SmallNet().save_weights("small.weights.h5")  # other numbers
    _, said = run(study)
    assert "again, since weights changed" in said
