"""The table of trials: its states, its estimate of the time to go, and status.json."""

import json
from types import SimpleNamespace

import pytest
from rich.console import Console

from benchmark.engines import progress as status
from benchmark.engines.progress import Board, duration

DONE = {
    "status": "done",
    "headline": "accuracy",
    "test_accuracy": 0.75,
    "n_test": 8,
    "seconds": {"train": 2.0},
    "train_seconds": 2.0,
}
FAILED = {"status": "failed", "error": "no weights [here]"}


def trial(model, seed=0):
    network = SimpleNamespace(name=model, label=model.upper())
    return SimpleNamespace(network=network, fold=0, seed=seed, name=f"{model}/0-{seed}")


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets: ``clock.now``."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(status.time, "time", lambda: clock.now)
    return clock


def board_of(folder, trials, **options):
    said = []
    return Board(folder, trials, said.append, live=False, **options), said


def read(folder):
    return json.loads((folder / "status.json").read_text())


def test_states_follow_the_trials_and_are_on_disk(tmp_path, clock):
    kept, ran, broke = (trial(name) for name in "abc")
    board, said = board_of(tmp_path, [kept, ran, broke])
    with board.shown():
        board.kept(kept, DONE)
        for each, record in ((ran, DONE), (broke, FAILED)):
            board.due(each, "not run yet")
            board.begun(each)
            board.progress(each, "train", 3, 50)
            assert read(tmp_path)["state"] == "running"
            clock.now += 10
            board.ended(each, record)
    found = read(tmp_path)
    assert found["state"] == "failed"
    assert found["counts"] == {"waiting": 0, "running": 0, "kept": 1, "done": 1, "failed": 1}
    assert [row["state"] for row in found["trials"]] == ["kept", "done", "failed"]
    assert [row["seconds"] for row in found["trials"]] == [None, 10.0, 10.0]
    assert found["trials"][2]["reason"] == "no weights [here]"
    assert said[0] == "[1/3] A, fold 0, seed 0: done before, kept"
    assert "accuracy 0.750 of 8 test clips" in said[2]
    assert said[-1].startswith("[3/3] C, fold 0, seed 0: FAILED: no weights [here]")


def test_a_mean_over_no_class_is_unknown_and_status_stays_json(tmp_path, clock):
    one = trial("a")
    board, said = board_of(tmp_path, [one])
    board.ended(one, DONE | {"headline": "average_precision_macro", "test_average_precision_macro": float("nan")})
    assert "average precision macro unknown of 8 test clips" in said[-1]
    assert read(tmp_path)["trials"][0]["score"] is None


def test_progress_reaches_the_disk_once_a_second(tmp_path, clock):
    one = trial("a")
    board, _ = board_of(tmp_path, [one])
    board.begun(one)
    board.progress(one, "train", 1, 9)
    assert read(tmp_path)["trials"][0]["done"] == 0
    clock.now += 1.5
    board.progress(one, "train", 2, 9)
    assert read(tmp_path)["trials"][0]["done"] == 2


@pytest.mark.parametrize(("at_once", "expected"), [(1, 10 + 10 + 20), (2, 20)])
def test_the_time_to_go_is_that_of_the_same_network_or_of_the_mean(tmp_path, clock, at_once, expected):
    trials = [trial("a"), trial("b"), trial("a", 1), trial("a", 2), trial("c")]
    board, _ = board_of(tmp_path, trials, at_once=at_once)
    assert board.eta() is None
    for each, seconds in ((trials[0], 10), (trials[1], 30)):
        board.begun(each)
        clock.now += seconds
        board.ended(each, DONE)
    assert board.eta() == expected  # two more of a, 10 s each; c as the mean of 10 and 30 s
    board.begun(trials[2])
    clock.now += 4
    assert board.eta() == expected - 4 / at_once  # what a running trial has done is taken off


@pytest.mark.parametrize(("error", "state"), [(KeyboardInterrupt, "interrupted"), (OSError, "stopped")])
def test_a_run_that_ends_early_says_so(tmp_path, error, state):
    board, _ = board_of(tmp_path, [trial("a")])
    with pytest.raises(error), board.shown():
        raise error
    assert read(tmp_path)["state"] == state


def test_a_status_that_cannot_be_written_ends_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    board, said = board_of(tmp_path / "file", [trial("a")])
    board.begun(trial("a"))
    assert said


def test_the_live_table_has_a_row_per_model_and_no_markup(tmp_path, clock):
    trials = [trial("a"), trial("a", 1), trial("[b]")]
    board, _ = board_of(tmp_path, trials)
    board.begun(trials[0])
    clock.now += 100
    board.ended(trials[0], DONE)
    board.begun(trials[1])
    board.progress(trials[1], "train", 3, 50)
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(status._table(board))
    text = console.export_text()
    assert "1 of 2" in text
    assert "0.750" in text
    assert "fold 0 seed 1: train 3/50, 0 s" in text
    assert "[B]" in text
    assert "3 min to go" in text


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (89, "89 s"), (720, "12 min"), (12_000, "3 h 20 min")])
def test_durations_in_words(seconds, text):
    assert duration(seconds) == text
