"""Maps of saliency: against gradients from elsewhere, and that they follow a tone that is moved."""

from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile
from librosa import mel_frequencies
from matplotlib.figure import Figure

from benchmark.config.networks import load_network
from benchmark.config.sections import read_section
from benchmark.config.study import NetworkParams, Study
from benchmark.errors import StudyError
from benchmark.inference import explain
from benchmark.inference import saliency as saliency
from benchmark.inference.cam import ActivationMaps
from benchmark.inference.saliency_figure import plot_saliency
from benchmark.models.catalogue import build_backbone
from benchmark.models.heads import linear
from spectrograms.axes import frequency_axis, pixel_axis, time_axis
from spectrograms.image import to_image
from spectrograms.params import ClipParams, ImageParams, MelParams
from tests.support.studies import folder_of, run, study_of

NETWORKS = ("mobilenet_v2", "resnet18", "densenet201", "places365_googlenet", "vgg16", "inception_resnet_v2",
            "inception_v3", "nasnet_mobile")  # VGG-19 ends as VGG-16 does  # fmt: skip
# Pixels at which the last map has more than one cell, and its side: the Inceptions do not pad.
SIZES = {"inception_v3": (128, 2), "inception_resnet_v2": (128, 2), "vgg16": (64, 4)}
RATE, SECONDS = 8000, 1.0


def random_network(name, n_classes=3, n=2, activation="softmax"):
    """Return (backbone, head, pictures, side of the last map) of a network with random weights and statistics."""
    size, side = SIZES.get(name, (96, 3))
    backbone = build_backbone(load_network(name).model_copy(update={"weights": "random", "input_size": size}))
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (n, size, size, 3)).astype("float32")
    keras.utils.set_random_seed(1)
    head = linear(
        backbone.model.output_shape[-1], n_classes, input_dropout=0.5, standardize=True, activation=activation
    )
    features = keras.ops.convert_to_numpy(backbone.model(pictures, training=False))
    standardize = head.get_layer("standardize")  # by one number for all: features near 0 would magnify float32's errors
    standardize.mean.assign(features.mean(axis=0) / 2)
    standardize.scale.assign(np.full(features.shape[1], 1 / features.std(), "float32"))
    return backbone, head, pictures, side


def centred(name, head, maps):
    """Return (maps less the mean features that the head takes away, these); VGG's head is not on the pooled map."""
    mean = 0.0 if name.startswith("vgg") else np.asarray(head.get_layer("standardize").mean)
    return np.asarray(maps) - mean, mean


def log_odds(probabilities, classes):
    p = keras.ops.take_along_axis(probabilities, np.reshape(classes, (-1, 1)), axis=1)[:, 0]
    return keras.ops.log(p) - keras.ops.log(1 - p)


def rest_of(core, head, maps):
    """Return the model from a network's map to the probabilities of its head."""
    return keras.Model(maps, head(core.output))


def map_of(core, side):
    """Return the last output of a network with ``side`` rows, by size alone."""
    return [layer.output for layer in core.layers if layer.output.shape[1:3] == (side, side)][-1]


@pytest.mark.parametrize(
    ("name", "activation"), [*((name, "softmax") for name in NETWORKS), ("mobilenet_v2", "sigmoid")]
)
def test_a_map_sums_to_the_slope_of_the_log_odds_when_its_features_fade(name, activation, eager):
    backbone, head, pictures, side = random_network(name, activation=activation)
    explainer = ActivationMaps(backbone, head, batch_size=3)  # a batch that is not full
    rest = rest_of(backbone.model.layers[-1], head, map_of(backbone.model.layers[-1], side))
    maps, mean = centred(name, head, explainer.to_map(pictures, training=False))
    classes = np.asarray(rest(maps + mean, training=False)).argmax(axis=1)
    found = explainer(pictures, classes)
    assert found.shape == (2, side, side) == (2, *explainer.tail.nudge.shape[1:3])
    assert (found.max(axis=(1, 2)) > 0).all()  # something speaks for what is predicted
    step = 0.01  # a change of the log odds that is large beside float32 and small beside their bend
    up, down = (np.asarray(log_odds(rest(maps * (1 + by) + mean, training=False), classes)) for by in (step, -step))
    # float32 log odds near 1 have an error of 1e-6, over the step; the bend of order three costs its square
    np.testing.assert_allclose(found.sum(axis=(1, 2)), (up - down) / (2 * step), rtol=2e-3, atol=1e-3)
    keras.utils.clear_session()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the other gradient is TensorFlow's")
@pytest.mark.parametrize("name", ["mobilenet_v2", "vgg16"])
def test_maps_agree_with_tensorflows_own_gradient(name, eager):
    import tensorflow as tf

    backbone, head, pictures, side = random_network(name)
    core, classes = backbone.model.layers[-1], [2, 0]
    found = ActivationMaps(backbone, head)(pictures, classes)
    prepared = backbone.model.get_layer("input_normalization")(pictures)
    last = map_of(core, side)
    maps = keras.Model(core.input, last)(prepared, training=False)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        score = log_odds(rest_of(core, head, last)(maps, training=False), classes)
    expected = (np.asarray(tape.gradient(score, maps)) * centred(name, head, maps)[0]).sum(axis=-1)
    # float32: 1 - p and sums of thousands of products that cancel
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_a_network_whose_last_map_is_one_cell_is_refused():
    picture = keras.Input((8, 8, 3))
    core = keras.Model(picture, keras.layers.GlobalAveragePooling2D()(picture), name="flat")
    outer = keras.Input((8, 8, 3))
    prepared = keras.layers.Rescaling(1.0, name="input_normalization")(outer)
    with pytest.raises(StudyError, match=r"flat has no feature map .* larger input_size"):
        ActivationMaps(SimpleNamespace(model=keras.Model(outer, core(prepared))), linear(3, 2))


MEL = MelParams(sample_rate=RATE, n_fft=512, hop_length=125, n_mels=64)
CLIP = ClipParams(duration=SECONDS, offset=2.0)


@pytest.mark.parametrize("style", ["pixels", "specshow"])
@pytest.mark.parametrize("band", [3, 30, 60])
def test_the_frequency_axis_names_the_centre_of_the_band_that_is_lit(style, band):
    mel_db = np.full((64, 65), -80, "float32")
    mel_db[band] = 0
    image = ImageParams(style=style, size=(640, 640))
    rows = np.flatnonzero(to_image(mel_db, image, MEL).sum(axis=(1, 2)) > 640 * 380)  # half as bright as magma's top
    axis = frequency_axis(MEL, image)
    centres = mel_frequencies(n_mels=64 + 2, fmin=0, fmax=RATE / 2)
    fifth = np.diff(centres)[band + 1] / 5  # a band is about ten rows high, and the brightest rows are whole
    assert axis.at(1 - (rows.mean() + 0.5) / 640) == pytest.approx(centres[band + 1], abs=fifth)
    assert axis.position(axis.at([0.1, 0.7])) == pytest.approx([0.1, 0.7])


def test_the_time_axis_begins_at_the_clips_offset_and_frames_are_centred():
    axis = time_axis(CLIP, MEL)
    hop = 125 / RATE
    assert axis.edges(65)[:2] == pytest.approx([2 - hop / 2, 2 + hop / 2])
    assert axis.ticks == pytest.approx([2.0, 2.2, 2.4, 2.6, 2.8, 3.0])


def test_half_of_the_evidence_is_named_by_the_shortest_run():
    profile = pd.DataFrame({"share": [0.1, 0.2, 0.35, 0.3, 0.05]})
    assert saliency.most(profile) == (2, 3)
    assert saliency.most(profile, 0.9) == (0, 3)
    assert saliency.most(profile.assign(share=0.0)) == (0, 4)


def test_in_a_mean_every_clip_counts_alike_and_an_empty_one_not():
    maps = np.array([[[1.0, 0.0]], [[0.0, 100.0]], [[-1.0, -5.0]]])
    assert saliency.mean_share(maps) == pytest.approx(np.array([[0.5, 0.5]]))


def test_rows_become_bands_from_the_lowest_up():
    bands = saliency.by_band(np.array([[0.7], [0.3]]), pixel_axis(10, "bottom"))
    assert bands.to_numpy().tolist() == [[0, 5, 0.3], [5, 10, 0.7]]


def Lines(include_top=False, weights=None, input_shape=(64, 64, 3), pooling=None):
    """A network with two features, by hand: lines along time (a tone) and lines along frequency (a click)."""
    kernel = np.zeros((3, 3, 3, 2))
    kernel[:, 1, :, 0] = kernel[1, :, :, 1] = np.array([-1, 2, -1])[:, None]
    picture = keras.Input(input_shape)
    lines = keras.layers.Conv2D(2, 3, padding="same", activation="relu")
    x = keras.layers.AveragePooling2D(8)(lines(picture))
    lines.set_weights([kernel, np.zeros(2)])
    return keras.Model(picture, keras.layers.GlobalAveragePooling2D()(x), name="lines")


Lines.preprocess_input = lambda images: images / 255


def burst(hertz, start, rng, noise=1e-3):
    """Return a second of faint noise with 0.15 s of a tone."""
    time = np.arange(int(RATE * SECONDS)) / RATE
    inside = np.clip((time - start) / 0.15, 0, 1)
    return np.sin(2 * np.pi * hertz * time) * np.sin(np.pi * inside) ** 2 + noise * rng.normal(size=time.size)


def click(start, rng):
    """Return a second of faint noise with one sample of sound."""
    waveform = 1e-3 * rng.normal(size=int(RATE * SECONDS))
    waveform[int(start * RATE)] = 1
    return waveform


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """The folder of a trained trial that tells tones from clicks."""
    folder, rng = tmp_path_factory.mktemp("explain"), np.random.default_rng(0)
    for number in range(20):
        sounds = {"tone": burst(rng.uniform(300, 3500), rng.uniform(0, 0.8), rng), "click": click(rng.random(), rng)}
        for label, waveform in sounds.items():
            (folder / "data" / label).mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / "data" / label / f"{label}{number:02}.wav", waveform, RATE)
    network = {"name": "lines", "label": "Lines", "backbone": "tests.inference.test_explain:Lines", "weights": "random"}
    study = study_of(
        folder / "data", folder, "audio", models=[network | {"input_size": 64}], clip={"duration": SECONDS},
        mel=MEL.model_dump(exclude={"fmax"}), training={"epochs": 30, "learning_rate": 0.1},
    )  # fmt: skip
    run(study)
    return folder_of(study, "lines")


@pytest.mark.parametrize("start", [0.1, 0.7])
@pytest.mark.parametrize("hertz", [500, 2500])
def test_the_map_follows_a_tone_in_time_and_frequency(trial, tmp_path, hertz, start):
    soundfile.write(tmp_path / "tone.wav", burst(hertz, start, np.random.default_rng(9)), RATE)
    explainer = explain.Explainer(trial, explain.check_trial(trial))
    (found,) = explainer.saliency(explainer.read(tmp_path / "tone.wav")[None], ["tone"])
    assert found.shape == (8, 8)
    x, y = explainer.axes
    row, column = np.unravel_index(found.argmax(), found.shape)
    # One cell: the tone may lie on the edge between two.
    assert abs(y.position(hertz) - (1 - (row + 0.5) / 8)) <= 1 / 8
    assert abs(x.position(start + 0.075) - (column + 0.5) / 8) <= 1 / 8


def test_explaining_a_trial_writes_its_clips_its_classes_and_tables_that_sum_to_one(trial):
    paths, sentences = explain.explain(trial, n=2)
    assert {path.parent for path in paths} == {trial / "explanations"}
    assert all(path.is_file() for path in paths)
    tested = pd.read_csv(trial / "predictions.csv").query("split == 'test'")
    right = tested[tested["y_true"] == tested["y_pred"]]
    first = right.groupby("y_true").head(2)["clip_id"]
    assert {f"clip_{name}.png" for name in first} <= {path.name for path in paths}
    for name, unit in (("bands", "hz"), ("seconds", "s")):
        table = pd.read_csv(trial / "explanations" / f"{name}.csv")
        assert list(table.columns) == ["class", "n_clips", f"from_{unit}", f"to_{unit}", "share"]
        sums = table.groupby("class")["share"].sum()
        assert sums.to_dict() == pytest.approx({"click": 1, "tone": 1}, abs=1e-4)  # eight shares of six digits
        assert (table["n_clips"] == 4).all()  # 20 % of 20
    assert [line.split(" (4 clips): most weight at ")[0] for line in sentences[::2]] == ["click", "tone"]


def test_a_clip_is_named_by_its_id_or_its_file_and_two_of_one_name_are_kept_apart(trial):
    file = next(trial.parents[2].parents[1].glob("data/tone/tone03.wav"))
    paths, _ = explain.explain(trial, ["click07", file, file])
    assert [path.name for path in paths[:3]] == ["clip_click07.png", "clip_tone03.png", "clip_tone03-2.png"]
    with pytest.raises(StudyError, match=r"tone99 is neither a clip_id of the study nor a file; a clip_id looks like"):
        explain.explain(trial, ["tone99"])
    with pytest.raises(StudyError, match=r"trial\.json: "):
        explain.explain(trial, [trial / "trial.json"])


def test_a_network_that_hears_is_refused_before_it_is_loaded():
    record = {"settings": {"model": load_network("yamnet").model_dump(mode="json")}}
    with pytest.raises(StudyError, match="YAMNet hears the waveform and never sees a picture"):
        explain._check_sees(record)


def test_axes_are_seconds_and_hertz_and_pixels_for_pictures_that_are_cut_or_made_elsewhere():
    network = NetworkParams(name="n", label="N", backbone="tests.inference.test_explain:Lines")
    raw = {"name": "s", "dataset": {"root": "r"}, "mel": MEL.model_dump(exclude={"fmax"}), "models": [network]}
    backbone = SimpleNamespace(input_size=64)
    pixels = ["pixels from the left", "pixels from the bottom"]
    for kind, resize, labels in (
        ("audio", "stretch", ["time (s)", "frequency (Hz)"]), ("audio", "centre_crop", pixels),
        ("images", "stretch", pixels),
    ):  # fmt: skip
        reader = network.model_copy(update={"resize": resize})
        settings = read_section(Study, raw | {"dataset": {"root": "r", "kind": kind}})
        axes = explain._axes(SimpleNamespace(settings=settings, backbone=backbone, network=reader))
        ax = Figure().subplots()
        laid = plot_saliency(np.zeros((64, 64, 3)), np.array([[0.0, 3.0], [1.0, -5.0]]), axes, ax, highest=75)
        assert [ax.get_xlabel(), ax.get_ylabel()] == labels
        assert np.asarray(laid.get_array()).tolist() == [[0, 75], [25, 0]]
    axes = pixel_axis(8, "left"), frequency_axis(MEL, ImageParams())
    plot_saliency(np.zeros((8, 8, 3)), np.ones((2, 2)), axes, ax := Figure().subplots())
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["250", "500", "1000", "2000"]
