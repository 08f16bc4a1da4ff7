"""Models that fuse what films show, sound like and say, where films lack some of it: in a run, and as single files."""

import numpy as np
import pandas as pd
import pytest

from benchmark.errors import StudyError
from benchmark.inference.predictor import Predictor, check_trial
from tests.support.audio_network import audio_network
from tests.support.films import plain, tone, write_film
from tests.support.studies import NETWORK, folder_of, run, study_of
from tests.support.transcripts import ASR, OCR, use_known_words

RED, BLUE = (200, 30, 30), (30, 30, 200)
SHOWN = NETWORK | {"name": "shown", "label": "Shown", "reads": "frames"}
HEARD = audio_network("heard")
COLUMNS = {"name": "columns", "label": "Columns", "reads": "spectrogram"}
TRANSFORMER = {"kind": "multi_transformer", "width": 8, "n_heads": 2, "positions": 16, "averaged": ["ocr"]}
ALL = {"name": "all", "label": "All", "features": [SHOWN, HEARD, COLUMNS, OCR, ASR], "head": TRANSFORMER}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Return a folder of twenty films of red and blue: some of each have no sound, silence, or too little sound."""
    root = tmp_path_factory.mktemp("films")
    for number in range(20):
        is_red, rng = number % 2 == 0, np.random.default_rng(number)
        frames = [np.clip(frame + rng.normal(0, 20, frame.shape), 0, 255).astype("uint8")
                  for frame in plain(RED if is_red else BLUE, n=6)]  # fmt: skip
        sound = {0: None, 1: np.zeros((2, 48000), "float32"), 2: tone(0.2)}.get(number // 2 % 5, tone(1.0))
        folder = root / ("red" if is_red else "blue")
        folder.mkdir(exist_ok=True)
        write_film(folder / f"{number:02}.mp4", frames, rate=6, sound=sound)
    return root


@pytest.fixture(scope="module")
def ran(films, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        use_known_words(patch)
        study = study_of(
            films, tmp_path_factory.mktemp("ran"), kind="video", models=[ALL], leakage="off",
            clip={"duration": 1.0, "short": "keep"}, frames={"sample": "uniform", "n": 3},
            segments={"seconds": 0.5, "n_mels": 8},
            split={"protocol": "holdout", "fractions": [0.4, 0.1, 0.5]},
            training={"epochs": 4, "optimizer": "adam", "save": "model"},
        )  # fmt: skip
        (record,), _ = run(study)
        assert record["status"] == "done"
        yield study


def test_films_that_lack_some_features_are_trained_on_and_scored_alike_by_predict(ran):
    clips, folder = pd.read_csv(ran.folder / "clips.csv").set_index("clip_id"), folder_of(ran, "all")
    lacks = clips["caveat"].fillna("").str.contains("no sound")
    assert lacks.sum() == 12  # three of five pairs
    test = pd.read_csv(folder / "predictions.csv").query("split == 'test'")
    assert lacks[test["clip_id"]].any()
    predictor = Predictor(folder, check_trial(folder))
    for row in test.itertuples():
        found = predictor.predict(clips["path"][row.clip_id])
        scores = [row.score_blue, row.score_red]
        np.testing.assert_allclose([found["scores"][name] for name in ("blue", "red")], scores, atol=2e-6)
        assert ("without heard" in found["caveat"]) == lacks[row.clip_id]


def test_a_file_with_none_of_the_features_is_not_scored_and_one_with_some_says_what_it_lacks(ran, films, tmp_path):
    folder, names = folder_of(ran, "all"), tmp_path / "names.csv"
    predictor = Predictor(folder, check_trial(folder))
    names.write_text("path,label\n")
    for path, reason in ((films / "nowhere.mp4", "does not exist"), (names, "cannot be decoded as video")):
        found = predictor.predict(path)
        assert reason in found["error"]
        assert found["scores"] is None
    mute = write_film(tmp_path / "mute.mp4", plain(RED, n=6), rate=6)
    assert predictor.predict(mute)["caveat"] == "without heard, columns, asr: has no audio track"
    with pytest.raises(
        StudyError, match=r"reads a file as a whole \(frames, waveform, spectrogram, screen_text, speech"
    ):
        predictor.predict(mute, hop=1.0)
