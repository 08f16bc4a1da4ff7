"""Words of clips as features: what is a step, what is kept, and clips that have none."""

import json
import shutil
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw

from benchmark.analysis.report.report import report
from benchmark.errors import StudyError
from benchmark.features.dependencies import transcripts_of
from benchmark.features.extractors import EXTRACTORS
from benchmark.features.texts import TextExtractor
from benchmark.inference.predictor import Predictor, check_trial
from benchmark.models.heads import HEADS
from benchmark.models.heads.layers import moments
from benchmark.models.text.distilbert import distilbert
from benchmark.models.text.hashed import HashedNgrams
from benchmark.models.weights.load import file_digest
from benchmark.store.texts import read_texts, write_texts
from benchmark.training.classifier import build_classifier
from benchmark.trials import checks
from spectrograms.errors import AudioError, FilmError
from tests.support.distilbert import write_distilbert
from tests.support.films import plain, tone, write_film
from tests.support.studies import folder_of, run, study_of
from tests.support.transcripts import ASR, OCR, WORDS, said, use_known_words

COLOURS = {"horror": (200, 20, 20), "romance": (20, 200, 20), "war": (20, 20, 200)}
BLACK = (2, 2, 2)
TOLD = said("the dog", "of the night", "\u200b")
CLOSE = 1e-6  # float32


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_distilbert(tmp_path_factory.mktemp("weights") / "distilbert")


@pytest.fixture
def known(monkeypatch):
    return use_known_words(monkeypatch)


def extractor_of(model, folder, cache, **changes):
    study = study_of(folder, cache, **{"kind": "video", "models": [model], "clip": {"duration": 2.0}} | changes)
    return EXTRACTORS[model["reads"]](study.models[0], study)


def of_distilbert(weights, per):
    return OCR | {"backbone": "keras_hub:any", "weights": str(weights), "text": {"recogniser": "rapidocr", "per": per}}


@pytest.mark.parametrize("per", ["utterance", "token", "clip"])
def test_a_step_is_an_utterance_a_token_or_the_clip(weights, tmp_path, per):
    encoder = distilbert("", weights)
    whole = encoder(["the dog of the night \u200b"])[0]
    steps = {
        "utterance": [encoder([text])[0].mean(axis=0) for text in ("the dog", "of the night")],  # the last has no token
        "token": whole,
        "clip": [whole.mean(axis=0)],
    }[per]
    found = extractor_of(of_distilbert(weights, per), tmp_path, tmp_path).embed([said(), TOLD, said()])
    np.testing.assert_allclose(found[1], steps, atol=CLOSE)
    assert [len(features) for features in found] == [0, len(steps), 0]
    assert {features.shape[1] for features in found} == {encoder.dim}
    assert {features.dtype for features in found} == {np.dtype("float32")}


@pytest.mark.parametrize("per", ["utterance", "clip"])
def test_hashed_ngrams_have_a_step_for_each_text(tmp_path, per):
    extractor = extractor_of(OCR | {"text": {"recogniser": "rapidocr", "per": per}}, tmp_path, tmp_path)
    texts = ["the dog", "of the night"] if per == "utterance" else ["the dog of the night"]
    found = extractor.embed([said("the dog", "of the night")])[0]
    np.testing.assert_array_equal(found, np.concatenate(HashedNgrams()(texts)))
    assert (extractor.parameters, extractor.graph, extractor.dim) == (0, None, 256)
    assert extractor.weights == {"name": "hashed_ngrams", "sha256": None, "sha256_of": "nothing"}


def test_the_weights_of_an_encoder_are_told_by_their_files(weights, tmp_path):
    extractor = extractor_of(of_distilbert(weights, "clip"), tmp_path, tmp_path)
    assert extractor.weights == {"name": "distilbert", "sha256": file_digest(weights), "sha256_of": "files"}
    assert extractor.parameters == distilbert("", weights).parameters > 0


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    paths = {
        "loud": write_film(folder / "loud.mp4", plain(COLOURS["romance"], n=20), sound=tone(2.0)),
        "mute": write_film(folder / "mute.mp4", plain(BLACK, n=20)),
        "silent": write_film(folder / "silent.mp4", plain(COLOURS["war"], n=20), sound=np.zeros((2, 96000), "float32")),
    }
    return folder, paths


def table(paths, *names):
    return pd.DataFrame([{"path": str(paths[name]), "sha256": file_digest(paths[name])} for name in names])


@pytest.mark.parametrize(("model", "steps"), [(ASR, [2, 0, 0]), (OCR, [2, 0, 1])], ids=["speech", "screen_text"])
def test_a_film_without_words_or_without_sound_has_no_steps(films, tmp_path, known, model, steps):
    extractor = extractor_of(model, films[0], tmp_path)
    features = extractor.features(table(films[1], "loud", "mute", "silent"), 8)
    assert features.shapes == [(n, 256) for n in steps]
    assert (features.means[1] == 0).all()
    for name, n in zip(("loud", "mute", "silent"), steps, strict=True):
        assert len(extractor.read(films[1][name]).utterances) == n


def test_what_is_no_film_is_no_film_without_words(films, tmp_path, known):
    extractor = extractor_of(ASR, films[0], tmp_path)
    (tmp_path / "text.mp4").write_text("no film")
    for name in ("text.mp4", "nowhere.mp4"):
        with pytest.raises(FilmError):
            extractor.read(tmp_path / name)


def test_a_recording_that_cannot_be_read_is_no_clip_without_words(films, tmp_path, known):
    (tmp_path / "cut.wav").write_bytes(b"RIFF")
    extractor = extractor_of(ASR, films[0], tmp_path, kind="audio")
    with pytest.raises(AudioError):
        extractor.read(tmp_path / "cut.wav")


def test_words_are_looked_for_once_however_many_encoders_read_them(films, weights, tmp_path, known):
    clips = table(films[1], "loud", "silent")
    models = [
        OCR,
        OCR | {"options": {"analyzer": "word"}},
        of_distilbert(weights, "token"),
        of_distilbert(weights, "clip"),
    ]
    extractors = [extractor_of(model, films[0], tmp_path) for model in models]
    found = [list(extractor.features(clips, 8)) for extractor in extractors]
    assert len(known) == 2
    assert len(list((tmp_path / "cache" / "texts").glob("*/*.json"))) == 2
    assert len(list((tmp_path / "cache" / "features").glob("*/*.npy"))) == 2 * len(models)
    assert [[len(features) for features in of_model] for of_model in found] == [[2, 1], [2, 1], [5, 3], [1, 1]]
    stricter = OCR | {"text": {"recogniser": "rapidocr", "confidence": 0.9}}
    extractor_of(stricter, films[0], tmp_path).features(clips, 8)
    assert len(known) == 4


def test_a_transcript_is_read_from_the_cache_and_a_damaged_one_is_made_again(films, tmp_path, known):
    clips = table(films[1], "loud")
    extractor = extractor_of(OCR, films[0], tmp_path)
    place = transcripts_of(extractor.network, extractor.settings) / f"{clips['sha256'][0]}.json"
    place.parent.mkdir(parents=True)
    place.write_text(said("one", "two", "three").to_json())
    assert len(extractor._compute(clips, 1, 8)[0]) == 3
    place.write_text("{")
    extractor._prepare(clips, 1)
    assert len(extractor._compute(clips, 1, 8)[0]) == 2
    assert json.loads(place.read_text())["language"] == "en"


def test_the_time_of_words_is_that_of_the_recogniser_too_whichever_encoder_came_first(
    films, tmp_path, known, monkeypatch
):
    clips = table(films[1], "loud", "silent")
    first, second = (
        extractor_of(OCR | changes, films[0], tmp_path) for changes in ({}, {"options": {"analyzer": "word"}})
    )
    recognised = first._recognised
    monkeypatch.setattr(first, "_recognised", lambda *given: time.sleep(0.3) or recognised(*given))
    assert list(first.seconds(clips).values()) == [None]
    for extractor in (first, second):
        extractor.features(clips, 8)
        ((seconds,),) = [extractor.seconds(clips).values()]
        assert 0.3 <= seconds < 1.5  # of the sleep, the encoder and a machine that is busy


def test_a_film_is_read_anew_each_time_and_nothing_of_it_is_left(films, tmp_path, known):
    for model in (OCR, ASR):
        extractor = extractor_of(model, films[0], tmp_path)
        for _ in range(2):
            extractor.read(films[1]["loud"])
    assert len(known) == 4
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_heads_score_clips_without_words(tmp_path, kind):
    head = {"kind": kind, **({"grid": [16, 16], "width": 3} if kind == "conv" else {})}
    study = study_of(tmp_path, tmp_path, kind="video", models=[OCR | {"head": head}])
    classifier = build_classifier(study.models[0], study, 3)
    transcripts = [said(), said("a dog", "a cat", "the sea")]
    scores = classifier.score_many(transcripts)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(classifier.score(transcripts[0]), scores[0], atol=1e-5)  # float32


def test_clips_without_words_change_no_moments_and_no_words_at_all_have_some():
    blocks, nothing = np.split(np.random.default_rng(0).normal(5, 2, (12, 3)), [4, 5]), np.zeros((0, 3))
    every = np.concatenate(blocks)
    for found, known in zip(moments([nothing, *blocks, nothing]), (every.mean(axis=0), every.std(axis=0)), strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-12)  # float64
    np.testing.assert_array_equal(moments([nothing, nothing]), np.zeros((2, 3)))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A study of films that show words by their class, of which some show none and some have no sound."""
    root, place = tmp_path_factory.mktemp("films"), tmp_path_factory.mktemp("ran")
    for label, colour in COLOURS.items():
        (root / label).mkdir()
        for number in range(8):
            frames = plain(BLACK if number == 7 else colour, n=6)
            frames[0][:8, :8] = 10 * number  # other bytes
            sound = tone(1.0) if number % 2 else None
            write_film(root / label / f"{number}.mp4", frames, rate=8, sound=sound)
    with pytest.MonkeyPatch.context() as patch:
        given = use_known_words(patch)
        models = [
            OCR, OCR | {"name": "steps", "head": {"kind": "lstm", "units": 4}}, ASR,
            OCR | {"name": "forest", "estimator": "random_forest"},
            {"name": "both", "label": "Both", "features": [OCR, ASR]},
        ]  # fmt: skip
        study = study_of(
            root, place, kind="video", models=models, clip={"duration": 1.0}, leakage="off",
            frames={"sample": "uniform", "n": 3}, split={"protocol": "holdout", "fractions": [0.6, 0.15, 0.25]},
            training={"epochs": 20, "batch_size": 8, "save": "head"},
        )  # fmt: skip
        records, _ = run(study)
    return study, {record["model"]: record for record in records}, given


def test_a_study_of_words_alone_runs_and_learns_them(ran):
    study, records, _ = ran
    assert {name: record["error"] for name, record in records.items()} == dict.fromkeys(records)
    clips = pd.read_csv(study.folder / "clips.csv")
    assert len(clips) == 24  # a film without sound is not set aside
    written = pd.read_csv(folder_of(study, "ocr") / "predictions.csv").query("split == 'test'").set_index("clip_id")
    wordless = clips.set_index("clip_id")["path"].reindex(written.index).str.endswith("7.mp4")
    assert (written["y_true"] == written["y_pred"])[~wordless].all()


def test_the_words_of_all_clips_are_kept_with_the_results(ran):
    study, _, given = ran
    found, clips = read_texts(study.folder), pd.read_csv(study.folder / "clips.csv", dtype=str)
    assert set(found) == {"ocr", "asr"}  # whoever reads the same transcripts
    assert [len(given_clip) for given_clip in given].count(2) >= 24  # Frames: times and images
    for clip in clips.itertuples():
        words = WORDS[list(COLOURS).index(clip.label)].split(" and ")
        shown = [] if clip.path.endswith("7.mp4") else list(zip([0.0, 1.0], words, strict=False))
        assert found["ocr"][clip.clip_id] == shown
        assert len(found["asr"][clip.clip_id]) == int(clip.path[-5]) % 2


def test_the_page_shows_the_words_of_its_examples_with_times_cut_and_as_text(ran, tmp_path):
    study, _, _ = ran
    folder = shutil.copytree(study.folder, tmp_path / "copy")
    clips = pd.read_csv(folder / "clips.csv", dtype=str)
    markup = said(*["<b>words</b>"] * 70).to_json()
    write_texts(folder, "markup", dict.fromkeys(clips["clip_id"], markup))
    (folder / "texts" / "damaged.json").write_text('{"a": [')
    report(folder)
    page = (folder / "report.html").read_text()
    assert "asr: no words" in page
    assert "ocr: 0:00 " in page
    assert "markup: 0:00 &lt;b&gt;words&lt;/b&gt; · 0:01 " in page
    assert " …</p>" in page
    assert "<b>words" not in page
    assert "damaged:" not in page


def test_a_file_is_scored_by_its_words(ran, monkeypatch):
    study, _, _ = ran
    use_known_words(monkeypatch)
    for name in ("ocr", "asr", "steps", "both"):
        folder = folder_of(study, name)
        written = pd.read_csv(folder / "predictions.csv").query("split == 'test'").set_index("clip_id")
        paths = pd.read_csv(study.folder / "clips.csv").set_index("clip_id")["path"]
        predictor = Predictor(folder, check_trial(folder), known=[])
        for clip_id in written.index[:3]:
            found = predictor.predict(paths[clip_id])
            assert found["error"] is None
            assert found["windows"][0]["predicted"] == written["y_pred"][clip_id]


CHECKED = [
    (of_distilbert("nowhere", "clip"), "no weights at nowhere"),
    (OCR | {"backbone": "keras_hub:distil_bert_bas_en"}, "did you mean 'distil_bert_base_en'"),
    (OCR | {"backbone": "keras_hub:bert_tiny_en_uncased"}, "is no text encoder known here; these are distil_bert"),
    (OCR | {"backbone": "no_such_package:Encoder", "weights": "random"}, "No module named 'no_such_package'"),
    (OCR | {"options": {"analyzer": "letters"}}, "analyzer must be char_wb or word"),
    (ASR | {"text": {"recogniser": "faster_whisper", "model": "nowhere"}}, "needs the package|nowhere is not there"),
]


@pytest.mark.parametrize(("model", "said"), CHECKED, ids=[said[:30] for _, said in CHECKED])
def test_what_a_feature_of_words_lacks_is_said_before_anything_is_decoded(tmp_path, model, said):
    with pytest.raises(StudyError, match=said):
        checks.judge(study_of(tmp_path, tmp_path, kind="video", models=[model]))


def test_a_folder_of_weights_is_looked_into_before_anything_is_decoded(weights, tmp_path, known):
    study = study_of(
        tmp_path, tmp_path, kind="video", models=[of_distilbert(weights, "clip"), OCR | {"name": "hashed"}]
    )
    assert checks.judge(study) == {}
    lacking = shutil.copytree(weights, tmp_path / "lacking")
    (lacking / "vocab.txt").unlink()
    study = study_of(tmp_path, tmp_path, kind="video", models=[of_distilbert(lacking, "clip")])
    with pytest.raises(StudyError, match=r"lacks vocab\.txt: weights of DistilBERT are a folder with"):
        checks.judge(study)


def test_a_preset_that_would_be_fetched_is_told_by_check(no_network, monkeypatch, tmp_path, known):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    model, heard = OCR | {"backbone": "keras_hub:distil_bert_base_en_uncased"}, []
    study = study_of(tmp_path, tmp_path, kind="video", models=[model])
    assert checks.judge(study, heard.append, thorough=True, offline=True) == {}
    assert "is not in KerasHub's cache" in heard[0]
    with pytest.raises(StudyError, match=r"put the preset \S+distil_bert_base_en_uncased\S+ into KerasHub's cache"):
        checks.judge(study, heard.append, thorough=True)


def test_words_on_real_frames_become_features(tmp_path):
    pytest.importorskip("rapidocr", reason="words on the screen: pip install -r requirements/ocr.txt")
    picture = Image.new("RGB", (640, 360), "black")
    ImageDraw.Draw(picture).text((60, 140), "THE LAST VOYAGE", fill="white", font_size=64)
    film = write_film(tmp_path / "film.mp4", [np.asarray(picture)] * 12, rate=8)
    extractor = extractor_of(OCR, tmp_path, tmp_path, frames={"sample": "uniform", "n": 3, "size": 360})
    transcript = extractor.read(film)
    assert [utterance.text for utterance in transcript.utterances] == ["THE LAST VOYAGE"]
    np.testing.assert_array_equal(extractor.embed([transcript])[0], HashedNgrams()(["the last voyage"])[0])


def test_all_that_reads_words_is_one_extractor():
    assert EXTRACTORS["screen_text"] is EXTRACTORS["speech"] is TextExtractor
