"""Counters of energy: made-up ones in the form of the kernel's files and of NVML, and what a meter makes of them."""

import time

import pytest

from benchmark.trials.energy import Counter, EnergyMeter, gpu_counters, package_counters


@pytest.fixture
def sysfs(tmp_path):
    """Return a function that writes a domain as the kernel does, and the folder."""

    def write(domain, name, energy, size=262_143_328_850):
        folder = tmp_path / domain
        folder.mkdir(exist_ok=True)
        for file, value in {"name": name, "energy_uj": energy, "max_energy_range_uj": size}.items():
            (folder / file).write_text(f"{value}\n")

    return write, tmp_path


def test_packages_are_summed_and_what_lies_in_them_or_around_them_is_not(sysfs):
    write, root = sysfs
    write("intel-rapl:0", "package-0", 5_000_000)
    write("intel-rapl:1", "package-1", 7_000_000)
    write("intel-rapl:0:0", "core", 1_000_000)
    write("intel-rapl:2", "psys", 90_000_000)
    write("intel-rapl-mmio:0", "package-0", 5_000_000)  # the same package, by another road
    with EnergyMeter(package_counters(root)) as meter:
        write("intel-rapl:0", "package-0", 8_500_000)
        write("intel-rapl:1", "package-1", 8_000_000)
        write("intel-rapl:2", "psys", 190_000_000)
    assert meter.joules == 3.5 + 1.0
    assert meter.sources == ["package-0", "package-1"]


def test_a_counter_that_has_gone_round_is_followed(sysfs):
    write, root = sysfs
    write("intel-rapl:0", "package-0", 990_000_000, size=1_000_000_000)
    with EnergyMeter(package_counters(root)) as meter:
        write("intel-rapl:0", "package-0", 15_000_000, size=1_000_000_000)
    assert meter.joules == 25.0


def test_a_counter_that_goes_round_several_times_is_followed_by_reading_it_on_the_way():
    readings = [900, 100, 900, 100, 900]  # joules: 200, 800, 200, 800 of a counter that starts again at 1000

    def read():
        return 1_000_000 * (readings.pop(0) if readings else 900)  # then the machine rests

    patience = time.monotonic() + 300
    with EnergyMeter([Counter("package-0", read, 1_000_000_000)], interval=0.001) as meter:
        while readings and time.monotonic() < patience:
            time.sleep(0.001)
    assert meter.joules == 200 + 800 + 200 + 800


@pytest.mark.parametrize("content", [None, "", "no number"])
def test_a_counter_that_cannot_be_read_is_no_number(sysfs, content):
    write, root = sysfs
    write("intel-rapl:0", "package-0", 5_000_000)
    (root / "intel-rapl:0" / "energy_uj").unlink()
    if content is not None:
        (root / "intel-rapl:0" / "energy_uj").write_text(content)
    with EnergyMeter(package_counters(root)) as meter:
        pass
    assert (meter.joules, meter.sources) == (None, [])


def test_a_counter_lost_on_the_way_is_no_number(sysfs):
    write, root = sysfs
    write("intel-rapl:0", "package-0", 5_000_000)
    with EnergyMeter(package_counters(root)) as meter:
        (root / "intel-rapl:0" / "energy_uj").unlink()
    assert meter.joules is None


def test_a_machine_without_counters_says_nothing(tmp_path):
    with EnergyMeter(package_counters(tmp_path / "absent")) as meter:
        pass
    assert meter.joules is None


def test_an_error_in_the_block_goes_on_and_leaves_no_thread(sysfs):
    write, root = sysfs
    write("intel-rapl:0", "package-0", 5_000_000)
    meter = EnergyMeter(package_counters(root))
    with pytest.raises(ZeroDivisionError), meter:
        raise ZeroDivisionError
    assert not meter.thread.is_alive()
    assert meter.joules == 0


class Nvml:
    """Two GPUs as NVML presents them: 0 is success, values come back through pointers; GPU 1 is too old to count."""

    def __init__(self, status=0):
        self.status, self.millijoules = status, 1_000

    def nvmlInit_v2(self):
        return self.status

    def nvmlDeviceGetCount_v2(self, number):
        number._obj.value = 2
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index, device):
        device._obj.value = index + 1
        return 0

    def nvmlDeviceGetHandleByUUID(self, name, device):
        device._obj.value = 1
        return 0 if name == b"GPU-a" else 6

    def nvmlDeviceGetTotalEnergyConsumption(self, device, energy):
        energy._obj.value = self.millijoules
        return 0 if device.value == 1 else 3


@pytest.mark.parametrize(
    ("visible", "names"),
    [(None, ["gpu:0"]), ("0,1", ["gpu:0"]), ("1", []), ("-1", []), ("", []), ("GPU-a", ["gpu:GPU-a"]), ("GPU-b", [])],
)
def test_the_gpus_that_count_and_may_be_used_are_read(monkeypatch, visible, names):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    nvml = Nvml()
    counters = gpu_counters(nvml)
    assert [counter.name for counter in counters] == names
    with EnergyMeter(counters) as meter:
        nvml.millijoules += 2_500
    assert meter.joules == (2.5 if names else None)


def test_a_driver_that_does_not_answer_has_no_counters():
    assert gpu_counters(Nvml(status=9)) == []
    assert gpu_counters(object()) == []
