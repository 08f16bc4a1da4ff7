"""Real runs, renderings and reports, killed wherever they change a file and started again: the same results, no litter.

KILL_SEED chooses other places. Two studies in two processes share one cache: neither changes the other's results."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath

import numpy as np
import pytest
import soundfile

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


def command(name, results, cache=None):
    return name, "study.yaml", "--set", f"results={results}", "--set", f"cache={cache or f'{results}/cache'}"


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


def test_the_kills_can_strike_every_stage(undisturbed):
    renamed = [path for what, path in undisturbed[1] if what == "os.rename"]
    assert [stage for stage in STAGES if not any(re.fullmatch(STAGES[stage], path) for path in renamed)] == []


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
    drawn, whole = (contents(runner.folder / name, "cache/images/**/*.png") for name in ("drawn", "whole"))
    assert drawn == whole
    assert runner.left("drawn") == []


def write_backwards(root, other):
    """Write the sounds of a folder backwards under the same names, but for those of one class."""
    for path in root.glob("*/*.wav"):
        (other / path.parent.name).mkdir(parents=True, exist_ok=True)
        wave, rate = soundfile.read(path)
        same = path.parent.name == "low"
        soundfile.write(other / path.parent.name / path.name, wave if same else np.diff(wave[::-1], prepend=0), rate)


@pytest.fixture(scope="module")
def runners(tmp_path_factory):
    """Two processes that run studies, each in a folder of its own, with data sets of the same classes and names."""
    folder = tmp_path_factory.mktemp("two")
    write_sound(folder / "raw")
    write_backwards(folder / "raw", folder / "denoised")
    made = []
    for name, seed in (("raw", 0), ("denoised", 1)):
        (folder / f"runs_{name}").mkdir()
        given = {"training": {"epochs": 3, "batch_size": 6, "save": "none"}, "leakage": "off"}
        given["split"] = {"fractions": [0.5, 0.25, 0.25], "seeds": [0, seed + 1]}
        write_study(folder / f"runs_{name}", folder / name, **given)
        made.append(Runner(folder / f"runs_{name}"))
    yield made
    for runner in made:
        runner.end()


def run(runner, results, cache):
    """Run a study; return its predictions."""
    assert runner.call(*command("run", results, cache)) == 0, log(runner)
    return predictions(runner, results)


def at_once(runners, results, cache):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda runner: run(runner, results, cache), runners))


def test_two_studies_at_once_in_one_cache_give_what_they_give_in_caches_of_their_own(runners):
    cache = runners[0].folder.parent / "cache"
    together = at_once(runners, "together", cache)
    alone = at_once(runners, "alone", "own")
    assert [len(found) for found in together] == [2, 2]
    assert together == alone
    assert together[0] != together[1]
    # The sounds of one class are the same files in both: drawn once, whoever came first.
    assert len(list((cache / "images").rglob("*.png"))) == 24 + 16
    assert not list(cache.rglob(".tmp-*"))
    # Nor does a cache that the other study has filled.
    assert [run(runner, "later", cache) for runner in runners] == together
