"""Facts about given features in the place of a network: read where they lie, by the same head as any other."""

from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from benchmark.analysis.report.report import report
from benchmark.config.heads import HeadParams
from benchmark.data.feature_files import read_features
from benchmark.errors import FeatureError, StudyError
from benchmark.features import extractors
from benchmark.features import given as given_features
from benchmark.features.given import GivenExtractor
from benchmark.inference import explain as explaining
from benchmark.inference.predictor import Predictor, check_trial
from benchmark.models.heads import HEADS
from benchmark.training.classifier import build_classifier
from tests.support.given import CLASSES, given_study, network, write_features
from tests.support.studies import folder_of, run

RNG = np.random.default_rng(0)


def clips_at(path, names):
    return pd.DataFrame({"path": [f"{path}#{name}" for name in names]})


def settings_with(folder, paths):
    """Return settings of a study whose clips.csv names files."""
    pd.DataFrame({"path": paths}).to_csv(folder / "clips.csv", index=False)
    return SimpleNamespace(folder=folder)


def test_the_features_are_those_of_the_files(tmp_path):
    path = write_features(tmp_path / "a.h5", per_class=3)
    clips = clips_at(path, ["action01", "drama02"])
    extractor = GivenExtractor(network("x"), settings_with(tmp_path, clips["path"]))
    features = extractor.features(clips, batch_size=7)
    with h5py.File(path) as file:
        told = [file[name]["x"][()] for name in ("action01", "drama02")]
    assert len(features) == 2
    for ours, theirs in zip(features, told, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(extractor.read(clips["path"][0]), told[0])
    assert extractor.dim == 6
    assert (extractor.parameters, extractor.graph) == (0, None)
    assert extractor.weights["name"] == "given"


def test_features_are_read_when_they_are_asked_for(tmp_path, monkeypatch):
    path, reads = write_features(tmp_path / "a.h5", per_class=1), []
    extractor = GivenExtractor(network(), settings_with(tmp_path, [f"{path}#action00"]))
    monkeypatch.setattr(given_features, "read_features", lambda *given: reads.append(given) or read_features(*given))
    features = extractor.features(clips_at(path, ["action00", "drama00"]), 1)
    assert features.shapes == [(3, 6), (3, 6)]
    assert reads == []
    assert features[1].shape == (3, 6)
    assert [address for address, _ in reads] == [f"{path}#drama00"]
    with pytest.raises(StudyError, match="there is no clip 'nobody'"):
        extractor.features(clips_at(path, ["action00", "nobody"]), 1)


OF_SIX = {"conv": {"grid": (1, 2), "width": 1}, "mlp_transformer": {"hidden": (8,)}}  # a map of six numbers; small


@pytest.mark.parametrize("kind", HEADS)
def test_the_model_is_the_head_alone(tmp_path, kind):
    path = write_features(tmp_path / "a.h5", per_class=2)
    study = given_study(path, tmp_path)
    study.folder.mkdir(parents=True)
    settings_with(study.folder, [f"{path}#action00"])
    model = network().model_copy(update={"head": HeadParams(kind=kind, **OF_SIX.get(kind, {}))})
    classifier = build_classifier(model, study, len(CLASSES))
    assert classifier.model is classifier.head
    assert classifier.parameters == classifier.head.count_params()
    assert classifier.flops is None
    inputs = [RNG.normal(size=(n_steps, 6)).astype("f4") for n_steps in (1, 4, 2)]
    scores = classifier.score_many(inputs)
    assert scores.shape == (3, len(CLASSES))
    for x, row in zip(inputs, scores, strict=True):
        np.testing.assert_allclose(classifier.score(x), row, atol=1e-6)  # float32


def test_how_many_numbers_a_step_has_is_told_or_found(tmp_path):
    model = network().model_copy(update={"input_size": 128})
    assert GivenExtractor(model, SimpleNamespace(folder=tmp_path)).dim == 128
    with pytest.raises(StudyError, match=r"clips\.csv cannot be read"):
        GivenExtractor(network(), SimpleNamespace(folder=tmp_path))
    for paths in ([f"{tmp_path}/nothing.npz"], []):
        with pytest.raises(StudyError, match="does not tell how many numbers a step"):
            GivenExtractor(network(), settings_with(tmp_path, paths))


def test_another_width_and_another_key_are_one_sentence(tmp_path):
    np.savez(tmp_path / "wide.npz", x=np.ones((2, 9)))
    extractor = GivenExtractor(network().model_copy(update={"input_size": 6}), SimpleNamespace(folder=tmp_path))
    with pytest.raises(FeatureError, match="has 9 numbers a step; the model reads 6"):
        extractor.read(tmp_path / "wide.npz")
    extractor = GivenExtractor(network("y").model_copy(update={"input_size": 6}), SimpleNamespace(folder=tmp_path))
    with pytest.raises(FeatureError, match="holds no array 'y'; it holds 'x'"):
        extractor.read(tmp_path / "wide.npz")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A study of given features that ran, its records and what was said."""
    place = tmp_path_factory.mktemp("given")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(extractors.EXTRACTORS, "given", GivenExtractor)
        study = given_study(write_features(place / "a.h5"), place, training={"save": "model", "optimizer": "lbfgs"})
        records, said = run(study)
        return study, records[0], said


def test_a_study_of_given_features_runs_and_scores_as_scikit_learn_does(trained):
    study, record, said = trained
    assert record["status"] == "done", record["error"]
    assert "6 numbers a step; 3 to 5 steps a clip, median 4" in said
    assert record["flops"] is None
    assert record["weights"]["name"] == "given"
    assert record["settings"]["model"]["input_size"] == 6  # so that the trial can be taken elsewhere
    clips = pd.read_csv(study.folder / "clips.csv")
    with h5py.File(study.dataset.root) as file:
        means = np.stack([file[path.partition("#")[2]]["x"][()].mean(axis=0) for path in clips["path"]])
    part = clips["split_0-0"] == "test"
    plain = LogisticRegression().fit(means[~part], clips["label"][~part])
    assert record["test_accuracy"] == plain.score(means[part], clips["label"][part]) == 1.0
    timed = pd.read_csv(folder_of(study, "given") / "latency.csv")
    assert {"first", "forward", "file"} <= set(timed["stage"])


def test_the_page_says_that_there_are_no_pictures(trained):
    study, _, _ = trained
    report(study.folder)
    page = (study.folder / "report.html").read_text()
    assert "There are no pictures: the clips are features that were computed elsewhere." in page
    assert "3 to 5 a clip, median 4" in page
    assert "Mel spectrogram" not in page


def test_a_file_of_features_is_scored(trained, tmp_path):
    study, _, _ = trained
    folder = folder_of(study, "given")
    predictor = Predictor(folder, check_trial(folder))
    written = pd.read_csv(folder / "predictions.csv").set_index("clip_id")
    for clip_id in ("action00", "drama03"):
        row = predictor.predict(f"{study.dataset.root}#{clip_id}", timed=True)
        assert row["error"] is None
        assert row["caveat"] == ""
        assert [window["start"] for window in row["windows"]] == [None]
        assert row["latency_ms"]["calls"] > 0
        if clip_id in written.index:
            assert row["predicted"] == written["y_pred"][clip_id]
    np.savez(tmp_path / "odd.npz", y=np.ones((2, 7)))
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    assert predictor.predict(tmp_path / "odd.npz")["error"] == "has 7 numbers a step; the model reads 6"
    assert "is no file of features" in predictor.predict(tmp_path / "a.wav")["error"]
    with pytest.raises(StudyError, match=r"Given reads a file as a whole \(given\), .*: leave out the hop"):
        predictor.predict(tmp_path / "odd.npz", hop=1.0)


def test_nothing_of_given_features_can_be_explained():
    record = {"settings": {"model": {"name": "given", "label": "Given", "reads": "given"}}}
    with pytest.raises(StudyError, match="Given reads features that were computed elsewhere and never sees a picture"):
        explaining._check_sees(record)


def test_nothing_is_computed_before_trials_that_share_given_features(tmp_path):
    models = [network(name="one"), network(name="two")]
    study = given_study(write_features(tmp_path / "a.h5"), tmp_path, models, training={"save": "none", "epochs": 1})
    records, said = run(study)
    assert [record["status"] for record in records] == ["done"] * 2
    assert "features of all clips are in" not in said
    assert not (study.cache / "features").exists()
