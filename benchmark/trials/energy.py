"""Joules that NVIDIA's GPUs use during a block, as their driver counts them (Volta and newer), for all programs."""

from benchmark.models.backend import gpu_ids


class EnergyMeter:
    """Measure a block: ``with EnergyMeter() as meter: ...``, then ``meter.joules``, None where nothing counts them."""

    def __enter__(self):
        self.before, self.joules = _joules(), None
        return self

    def __exit__(self, *error):
        if self.before is not None and (after := _joules()) is not None:
            self.joules = round(after - self.before, 3)


def _joules():
    """Return what the GPUs that this process may use have used since their driver was loaded, together."""
    if not gpu_ids():
        return None
    try:
        import pynvml
    except ImportError:  # an extra
        return None
    try:
        pynvml.nvmlInit()
        devices = [
            pynvml.nvmlDeviceGetHandleByIndex(int(gpu)) if gpu.isdigit() else pynvml.nvmlDeviceGetHandleByUUID(gpu)
            for gpu in map(str.strip, gpu_ids())
        ]
        return sum(map(pynvml.nvmlDeviceGetTotalEnergyConsumption, devices)) / 1000
    except pynvml.NVMLError:
        return None
