"""Joules between two moments, where the machine counts them: processor packages (RAPL) and NVIDIA's GPUs (NVML).

The counters are the machine's: other programs' work at the same time is in them. Memory, disks and fans are not.
RAPL: Linux kernel, Documentation/power/powercap; by default only root may read it (CVE-2020-8694)."""

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

POWERCAP = Path("/sys/class/powercap")
NVML = "libnvidia-ml.so.1"
INTERVAL = 60.0  # seconds: the smallest counters, of 65 kJ, go round in two minutes at 500 W


class Counter(NamedTuple):
    """A running total of energy."""

    name: str  # package-0, gpu:0
    read: Callable[[], int]  # microjoules since some moment; OSError or ValueError where it cannot be read
    size: int | None = None  # microjoules at which it starts at 0 again


def package_counters(root=POWERCAP):
    """Return the counters of the processor packages that may be read; AMD's appear under Intel's name as well."""
    found = []
    for folder in sorted(Path(root).glob("intel-rapl:*")):
        try:
            name = (folder / "name").read_text(encoding="ascii").strip()
            counter = Counter(name, _reader(folder / "energy_uj"), _number(folder / "max_energy_range_uj"))
            counter.read()
        except (OSError, ValueError):
            continue
        if name.startswith("package"):  # its cores (intel-rapl:0:0) are in it; it is in 'psys', the whole board
            found.append(counter)
    return found


def _number(file):
    return int(file.read_text(encoding="ascii"))


def _reader(file):
    return lambda: _number(file)


def gpu_counters(library=None):
    """Return the counters of the GPUs that CUDA_VISIBLE_DEVICES leaves (Volta and newer have one); [] without any."""
    try:
        library = library or ctypes.CDLL(NVML)
        if library.nvmlInit_v2():
            return []
    except (OSError, AttributeError):
        return []
    number, found = ctypes.c_uint(), []
    library.nvmlDeviceGetCount_v2(ctypes.byref(number))
    for gpu in _visible([str(index) for index in range(number.value)]):
        device = ctypes.c_void_p()
        by_name = (library.nvmlDeviceGetHandleByUUID, gpu.encode())
        function, key = (library.nvmlDeviceGetHandleByIndex_v2, int(gpu)) if gpu.isdigit() else by_name
        counter = Counter(f"gpu:{gpu}", _gpu_reader(library, device))
        if not function(key, ctypes.byref(device)) and _is_readable(counter):
            found.append(counter)
    return found


def _visible(gpus):
    """Return the GPUs that this process may use, as CUDA reads the list: up to the first entry that is none."""
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return gpus
    names, found = [name.strip() for name in wanted.split(",")], []
    for name in names:
        if name not in gpus and not name.startswith(("GPU-", "MIG-")):
            break
        found.append(name)
    return found


def _gpu_reader(library, device):
    def read():
        millijoules = ctypes.c_ulonglong()
        if library.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(millijoules)):
            raise OSError("the GPU does not tell its energy")
        return 1000 * millijoules.value

    return read


def _is_readable(counter):
    try:
        return counter.read() >= 0
    except OSError:
        return False


class EnergyMeter:
    """Measure a block: ``with EnergyMeter() as meter: ...``, then ``meter.joules`` and ``meter.sources``.

    joules is None where no counter can be read; sources names those that were. A thread reads them every INTERVAL
    seconds meanwhile, so that one that goes round more than once is followed."""

    def __init__(self, counters=None, interval=INTERVAL):
        self.counters = [*package_counters(), *gpu_counters()] if counters is None else counters
        self.interval, self.microjoules, self.last = interval, 0, []
        self.joules, self.sources = None, []
        self.over, self.thread = threading.Event(), None

    def __enter__(self):
        self.last = self._read()
        if self.last:
            self.thread = threading.Thread(target=self._follow, daemon=True)
            self.thread.start()
        return self

    def __exit__(self, *error):
        self.over.set()
        if self.thread is None:
            return
        self.thread.join()
        self._add()
        if self.last:
            self.joules = round(self.microjoules / 1e6, 3)
            self.sources = [counter.name for counter in self.counters]

    def _follow(self):
        while not self.over.wait(self.interval):
            self._add()

    def _add(self):
        """Add what was used since the last reading; a counter that fails on the way makes all of it unknown."""
        now = self._read() if self.last else []
        for counter, before, after in zip(self.counters, self.last, now, strict=False):
            self.microjoules += after - before + (counter.size or 0 if after < before else 0)
        self.last = now

    def _read(self):
        try:
            return [counter.read() for counter in self.counters]
        except (OSError, ValueError):
            return []
