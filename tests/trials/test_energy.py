"""The energy of a block: from what the driver of the GPUs counts, or none where nothing does."""

import sys
from types import SimpleNamespace

import pytest

from benchmark.trials import energy
from benchmark.trials.energy import EnergyMeter


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
def test_the_gpus_that_may_be_used_are_read(nvml, monkeypatch, gpus, joules):
    monkeypatch.setattr(energy, "gpu_ids", lambda: gpus)
    with EnergyMeter() as meter:
        nvml.millijoules[0] += 2_500
    assert meter.joules == joules


def test_a_driver_that_fails_on_the_way_gives_no_number_and_hides_no_error(nvml, monkeypatch):
    monkeypatch.setattr(energy, "gpu_ids", lambda: ["0"])
    meter = EnergyMeter()
    with pytest.raises(NvmlError), meter:
        raise NvmlError(nvml.millijoules.clear())
    assert meter.joules is None


def test_without_the_package_there_is_no_number(monkeypatch):
    monkeypatch.setattr(energy, "gpu_ids", lambda: ["0"])
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with EnergyMeter() as meter:
        pass
    assert meter.joules is None
