"""What a run does once: decode a clip, compute its features, draw a split, hash a file of weights."""

from collections import Counter
from itertools import starmap

import numpy as np
import pytest
import soundfile

from benchmark.data import preparation as prepare
from benchmark.engines import schedule as engine
from benchmark.engines.features import compute_shared, shared
from benchmark.engines.progress import Board
from benchmark.features.pictures import PictureExtractor
from benchmark.features.waveforms import WaveformExtractor
from benchmark.models.weights import load
from spectrograms import audio
from spectrograms.waveforms import forget_waveforms, load_waveform, waveform_folder
from tests.support.audio_network import audio_network, blocks
from tests.support.jobs import jobs_of
from tests.support.studies import NETWORK, SmallNet, study_of

FOLDS = {"split": {"protocol": "kfold", "folds": 2, "seeds": [0, 1]}, "training": {"epochs": 1, "save": "none"}}


@pytest.fixture
def sounds(tmp_path):
    """Return a study of twenty clips of noise, about a picture network and networks over sound of three rates."""
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "sounds" / label).mkdir(parents=True)
        for number in range(10):
            soundfile.write(tmp_path / "sounds" / label / f"{number}.wav", rng.normal(0, 0.1, 22050), 22050)
    models = [NETWORK, audio_network("one"), audio_network("two"), blocks("low", 12000), blocks("high", 32000)]
    return study_of(
        tmp_path / "sounds", tmp_path, "audio", clip={"duration": 1.0}, models=models, training={"save": "none"}
    )


def test_a_clip_is_decoded_once_for_its_picture_its_fingerprint_and_all_audio_networks(sounds, monkeypatch):
    decoded, drawn, decode, split = Counter(), [], audio.decode, prepare.make_splits
    monkeypatch.setattr(audio, "decode", lambda path, *given: decoded.update([str(path)]) or decode(path, *given))
    monkeypatch.setattr(prepare, "make_splits", lambda *given: drawn.append(given) or split(*given))
    ready = prepare.prepare(sounds, lambda line: None, spread=starmap, trains=True)
    records = engine.run_all(sounds, ready.clips, ready.folds, say=lambda line: None)
    assert [record.get("error") for record in records] == [None] * 5
    timed = ready.clips.loc[ready.folds[0][0] == "test", "path"].iloc[0]  # its decoding is a part of what is timed
    assert decoded.pop(timed) > 1
    assert decoded == dict.fromkeys(set(ready.clips["path"]) - {timed}, 1)
    assert len(drawn) == 1
    assert not list(sounds.cache.glob("waveforms/*/*.npy"))


@pytest.mark.parametrize("trains", [True, False])
def test_waveforms_are_kept_at_each_rate_that_models_read_where_trials_follow(sounds, trains):
    ready = prepare.prepare(sounds, lambda line: None, spread=starmap, trains=trains)
    row = ready.clips.iloc[0]
    for rate in (12000, 16000, 32000):
        folder = waveform_folder(sounds.cache, sounds.clip, rate)
        assert len(list(folder.glob("*.npy"))) == (20 if trains else 0)
        kept = load_waveform(row["path"], row["sha256"], folder, sounds.clip, rate)
        np.testing.assert_array_equal(kept, audio.load_clip(row["path"], sounds.clip, rate))
    forget_waveforms(sounds.cache, sounds.clip, sounds.waveform_rates)
    assert not list(sounds.cache.glob("waveforms/*/*.npy"))


def test_audio_networks_without_kept_waveforms_decode_a_clip_once(sounds, monkeypatch):
    ready, decoded, decode = prepare.prepare(sounds, lambda line: None, spread=starmap), Counter(), audio.decode
    assert not list(sounds.cache.glob("waveforms/*/*.npy"))  # where no trials follow, none is kept
    monkeypatch.setattr(audio, "decode", lambda path, *given: decoded.update([path]) or decode(path, *given))
    for seed in (0, 1):  # weights and features of their own
        WaveformExtractor(sounds.models[1], sounds, seed).features(ready.clips, 8)
    assert decoded == dict.fromkeys(ready.clips["path"], 1)


@pytest.mark.parametrize("kind", ["inline", "processes"])
def test_features_are_computed_before_the_trials_that_share_them(pictures, tmp_path, kind):
    other = NETWORK | {"name": "other", "dropout": 0.5}  # another head on the same features
    jobs = jobs_of(study_of(pictures, tmp_path, models=[NETWORK, other], engine=kind, **FOLDS))
    said = []
    compute_shared(jobs, jobs[0].study.engine, Board(tmp_path, [job.trial for job in jobs], said.append))
    assert len(list(tmp_path.glob("cache/features/*/*.npy"))) == 2 * 60  # weights are drawn for each of two seeds
    assert len(said) == 2
    assert not shared(jobs)


def test_what_fails_before_the_trials_is_left_to_them(pictures, tmp_path, monkeypatch):
    def fail(*given):
        raise RuntimeError("no such thing")

    jobs = jobs_of(study_of(pictures, tmp_path, **FOLDS))
    monkeypatch.setattr(PictureExtractor, "_compute", fail)
    compute_shared(jobs, jobs[0].study.engine, Board(tmp_path, [job.trial for job in jobs], lambda line: None))
    assert len(shared(jobs)) == 2


def test_a_weights_file_is_hashed_and_its_features_are_computed_once(pictures, tmp_path, monkeypatch):
    SmallNet().save_weights(tmp_path / "w.weights.h5")
    study = study_of(pictures, tmp_path, models=[NETWORK | {"weights": str(tmp_path / "w.weights.h5")}], **FOLDS)
    ready = prepare.prepare(study, lambda line: None)
    before, computed, compute = load._digest.cache_info().misses, [], PictureExtractor._compute
    monkeypatch.setattr(PictureExtractor, "_compute", lambda *given, **named: (
        computed.extend(given[1]["image"]) or compute(*given, **named)))  # fmt: skip
    records = engine.run_all(study, ready.clips, ready.folds, say=lambda line: None)
    assert [record["status"] for record in records] == ["done"] * 4
    assert load._digest.cache_info().misses - before == 1
    assert len(computed) == 60
