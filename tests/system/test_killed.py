"""Real runs, renderings and reports, killed wherever they change a file and started again: the same results, no litter.

KILL_SEED chooses other places."""

import os
import re
from pathlib import PurePath

import numpy as np
import pytest

from tests.support.killing import Runner, events
from tests.support.studies import NETWORK
from tests.support.studies_of_sound import contents, log, write_sound, write_study

KILLS = 12
SEED = int(os.environ.get("KILL_SEED", 0))


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    """A folder with sound and a study of two models, frozen and fine-tuned, and what runs commands there."""
    folder = tmp_path_factory.mktemp("killed")
    write_sound(folder / "sound")
    tuned = NETWORK | {"name": "tuned", "label": "Tuned", "training": {"regime": "finetune"}}
    write_study(folder, folder / "sound", models=[NETWORK | {"name": "frozen", "label": "Frozen"}, tuned])
    made = Runner(folder)
    yield made
    made.end()


def command(name, results):
    return name, "study.yaml", "--set", f"results={results}", "--set", f"cache={results}/cache"


def predictions(runner, results):
    return contents(runner.folder / results, "study/trials/*/*/predictions.csv")


def finished(folder):
    return {path: path.stat().st_mtime_ns for path in folder.glob("study/trials/*/[!.]*/predictions.csv")}


@pytest.fixture(scope="module")
def undisturbed(runner):
    """The predictions of a run that nobody disturbs, and all the changes of files that it makes, in order."""
    record = runner.folder / "events.txt"
    assert runner.call(*command("run", "whole"), record=record) == 0, log(runner)
    found = predictions(runner, "whole")
    assert len(found) == 2
    assert not runner.left("whole")
    return found, events(record)


def place(event):
    """Return what kind of place a change is in: files of one kind in one folder are alike."""
    path = PurePath(event[1])
    return event[0], re.sub(r"[0-9a-f]{16}", "*", str(path.parent)), path.suffix


def chosen(changes, n, rng):
    """Return up to ``n`` of the changes, each in another kind of place, in order."""
    kinds = {}
    for event in changes:
        kinds.setdefault(place(event), []).append(event)
    some = rng.permutation(len(kinds))[:n]
    picked = [events[rng.integers(len(events))] for events in (list(kinds.values())[number] for number in some)]
    return sorted(picked, key=changes.index)


def test_a_run_killed_wherever_it_changes_a_file_ends_as_if_undisturbed(runner, undisturbed):
    expected, changes = undisturbed
    whole, struck, left, places = runner.folder / "cut", [], 0, chosen(changes, KILLS, np.random.default_rng(SEED))
    for event in places:
        before = finished(whole)
        status = runner.call(*command("run", "cut"), strike=event)
        assert status in (None, 0), log(runner)
        kept = finished(whole)
        assert {path: kept.get(path) for path in before} == before, "a finished trial was done again"
        struck += [event] * (status is None)
        left += len(runner.left("cut"))
    assert runner.call(*command("run", "cut")) == 0, log(runner)
    assert predictions(runner, "cut") == expected
    assert runner.left("cut") == []
    # A change that a run begun anew need not make, as of a folder that is there by then, kills nothing.
    assert len(struck) >= 0.7 * KILLS, [event for event in places if event not in struck]
    assert left, "no kill left anything to sweep"


STAGES = {  # of a run: the last change before something is there
    "digests": r"cache/digests\.csv",
    "description": r"study/clips\.csv",
    "features": r"cache/features/.*\.npy",
    "trial": r"study/trials/frozen/0-0",
    "timing": r"study/trials/tuned/0-0/latency\.csv",
    "checkpoint": r"study/trials/tuned/\.0-0\.checkpoint\.npz",
    "table": r"study/comparison\.csv",
    "figure": r"study/figures/.*\.png",
    "page": r"study/report\.html",
}


@pytest.fixture(scope="module")
def renamed(undisturbed):
    return [path for what, path in undisturbed[1] if what == "os.rename"]


@pytest.mark.parametrize("stage", STAGES)
def test_the_kills_can_strike_every_stage(renamed, stage):
    assert [path for path in renamed if re.fullmatch(STAGES[stage], path)]


def test_a_report_killed_as_it_writes_is_whole_when_it_is_written_again(runner, undisturbed):
    record, rng = runner.folder / "report.txt", np.random.default_rng(SEED)
    drawn = sorted((runner.folder / "whole" / "study" / "figures").glob("*.png"))

    def make_stale():
        for path in drawn:  # there, and so drawn again by this process: missing ones others would help to draw
            path.write_bytes(b"of another version")

    make_stale()
    assert runner.call("report", "whole/study", record=record) == 0, log(runner)
    tables = contents(runner.folder / "whole", "study/*.csv")
    renames = [event for event in events(record) if event[0] == "os.rename"]
    figures, others = (
        [event for event in renames if ("figures" in event[1]) == is_figure] for is_figure in (True, False)
    )
    for event in (figures[rng.integers(len(figures))], others[rng.integers(len(others))]):
        make_stale()
        assert runner.call("report", "whole/study", strike=event) is None
        assert runner.left("whole")
    assert runner.call("report", "whole/study") == 0, log(runner)
    assert contents(runner.folder / "whole", "study/*.csv") == tables
    assert runner.left("whole") == []


def test_a_rendering_killed_in_the_midst_is_whole_when_it_is_done_again(runner, undisturbed):
    images, rng = runner.folder / "drawn" / "cache" / "images", np.random.default_rng(SEED)
    for n in sorted(rng.integers(1, 23, 2)):
        status = runner.call(*command("render", "drawn"), until=lambda n=n: len(list(images.rglob("[!.]*.png"))) >= n)
        assert status is None
    assert runner.call(*command("render", "drawn"), strike=("os.rename", "cache/digests.csv")) == 0  # nothing is new
    assert contents(runner.folder / "drawn", "cache/images/**/*.png") == contents(
        runner.folder / "whole", "cache/images/**/*.png"
    )
    assert runner.left("drawn") == []
