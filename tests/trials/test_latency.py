"""Timed calls: what is counted, when a timing is stable, what other processes do meanwhile, what energy it takes."""

import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmark.config.study import LatencyParams
from benchmark.trials import energy, latency
from benchmark.trials.energy import EnergyMeter

BUSY = "while True: pass"


def test_warm_up_comes_first_and_the_first_call_stands_apart(monkeypatch):
    clock = iter(np.arange(0, 1000, 0.5))  # seconds: every look at the clock is half a second later
    monkeypatch.setattr(latency.time, "perf_counter", lambda: next(clock))
    calls = []
    first, timed = latency.time_calls(lambda: calls.append(1), LatencyParams(calls=4, seconds=0, warmup=3))
    assert first == 500
    assert timed == [500] * 4
    assert len(calls) == 1 + 3 + 4


def test_a_fast_model_is_timed_for_the_whole_time(monkeypatch):
    clock = iter(np.arange(0, 1, 1e-4))  # seconds: three looks at it a call, two for its time and one whether to go on
    monkeypatch.setattr(latency.time, "perf_counter", lambda: next(clock))
    _, timed = latency.time_calls(lambda: None, LatencyParams(calls=2, seconds=0.05, warmup=1))
    assert len(timed) == pytest.approx(0.05 / 3e-4, abs=2)  # the first two calls need no look, the last none after it


def test_a_slow_model_is_timed_ten_times_and_its_batch_not_at_all(monkeypatch):
    clock = iter(np.arange(0, 10_000, 5.0))  # seconds: a call takes five, or more
    monkeypatch.setattr(latency.time, "perf_counter", lambda: next(clock))
    rows, found = latency.measure(lambda: None, lambda: None, lambda: None, LatencyParams(), lambda: 0.0)
    stages = pd.DataFrame(rows)["stage"].value_counts()
    assert stages["forward"] == latency.FEWEST
    assert "batch" not in stages
    assert found["rounds"] == 1


def test_latency_has_a_row_for_each_timed_call_and_the_load_meanwhile():
    loads = iter([0.1, 0.2, 0.3, 0.4])  # before, forward, file, batch
    settings = LatencyParams(calls=7, seconds=0, warmup=1)
    rows, found = latency.measure(lambda: None, lambda: None, lambda: None, settings, lambda: next(loads))
    stages = ("first", "forward", "file", "batch")
    assert [sum(row["stage"] == stage for row in rows) for stage in stages] == [1, 7, 5, 3]
    assert {row["stage"]: row["clips"] for row in rows} == {"first": 1, "forward": 1, "file": 1, "batch": 32}
    assert {row["stage"]: row["load"] for row in rows} == {"first": 0.2, "forward": 0.2, "file": 0.3, "batch": 0.4}
    assert found == {"load": {"before": 0.1, "during": 0.2}, "stable": None, "rounds": 1}  # seven calls say nothing


@pytest.mark.parametrize(
    ("timed", "expected"),
    [([1.0] * 9, None), ([1.0] * 10, True), ([1.0] * 5 + [1.04] * 5, True), ([1.0] * 5 + [1.06] * 5, False),
     ([1.06] * 5 + [1.0] * 5, False), ([1.0, 1.0, 1.0, 9.0, 9.0] * 2, True)],
)  # fmt: skip
def test_a_timing_is_stable_where_both_halves_have_one_median(timed, expected):
    assert latency.is_stable(timed) is expected


@pytest.mark.parametrize(("slower", "rounds", "stable"), [(1, 2, True), (99, 3, False)])
def test_rounds_are_repeated_until_one_is_stable_and_no_more_than_three(monkeypatch, slower, rounds, stable):
    """The first round, or every round, goes faster in its second half."""
    times = iter(range(100))

    def time_calls(call, settings):
        return 9.0, [2.0] * 5 + [1.0 if next(times) < slower else 2.0] * 5

    monkeypatch.setattr(latency, "time_calls", time_calls)
    settings = LatencyParams(calls=10, seconds=0, batch=None)
    rows, found = latency.measure(None, None, None, settings, lambda: 0.0)
    assert (found["rounds"], found["stable"]) == (rounds, stable)
    assert sum(row["stage"] == "forward" for row in rows) == 10  # of the last round alone


def test_load_is_that_of_other_processes():
    load = latency.Load()
    mine = time.process_time()
    while time.process_time() - mine < 2 * latency.LEAST:  # this process is busy, and no other because of it
        pass
    before = load()
    with subprocess.Popen([sys.executable, "-c", BUSY]) as other:
        began = latency.psutil.Process(other.pid)
        while sum(began.cpu_times()[:2]) < 0.1:  # it has begun
            time.sleep(0.01)
        load()
        used = sum(began.cpu_times()[:2])
        seen = time.perf_counter()
        while sum(began.cpu_times()[:2]) < used + 0.5:
            time.sleep(0.01)
        share = 0.5 / (time.perf_counter() - seen)  # of a core, on a machine that may be busy
        during = load()
        other.kill()
    assert before >= 0
    assert during > 0.5 * share


class NvmlError(Exception):
    """What NVML raises."""


@pytest.fixture
def nvml(monkeypatch):
    """A driver of two GPUs, of which the second is too old to count: millijoules by GPU, to be set by the test."""
    driver = SimpleNamespace(NVMLError=NvmlError, millijoules={0: 1_000}, nvmlInit=lambda: None)

    def read(device):
        if device not in driver.millijoules:
            raise NvmlError("not supported")
        return driver.millijoules[device]

    driver.nvmlDeviceGetHandleByIndex = lambda index: index
    driver.nvmlDeviceGetHandleByUUID = {"GPU-a": 0}.get
    driver.nvmlDeviceGetTotalEnergyConsumption = read
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    return driver


@pytest.mark.parametrize(
    ("gpus", "joules"),
    [(["0"], 2.5), (["GPU-a"], 2.5), (["1"], None), (["0", "1"], None), (["GPU-b"], None), ([], None)],
)
def test_the_gpus_that_may_be_used_are_read_and_none_without_the_package(nvml, monkeypatch, gpus, joules):
    monkeypatch.setattr(energy, "gpu_ids", lambda: gpus)
    with EnergyMeter() as meter:
        nvml.millijoules[0] += 2_500
    assert meter.joules == joules
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with EnergyMeter() as meter:
        pass
    assert meter.joules is None


def test_a_driver_that_fails_on_the_way_gives_no_number_and_hides_no_error(nvml, monkeypatch):
    monkeypatch.setattr(energy, "gpu_ids", lambda: ["0"])
    meter = EnergyMeter()
    with pytest.raises(NvmlError), meter:
        raise NvmlError(nvml.millijoules.clear())
    assert meter.joules is None
