"""Two studies in two processes share one cache, at the same time: neither changes what comes out of the other."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from tests.support.killing import Runner
from tests.support.studies_of_sound import contents, log, write_sound, write_study


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
    given = "run", "study.yaml", "--set", f"results={results}", "--set", f"cache={cache}"
    assert runner.call(*given) == 0, log(runner)
    return contents(runner.folder / results, "study/trials/*/*/predictions.csv")


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
