"""Thousands of damaged files: each gives what can be read or a reason, and none crashes, hangs or exhausts memory.

A failure names its case; the same is made again by FUZZ_FIRST=CASE FUZZ_CASES=1, and FUZZ_SEED picks other damage.
The damaged file itself stays in the test's folder."""

import contextlib
import faulthandler
import multiprocessing
import os
import resource
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from spectrograms.audio import LOUDEST, load_clip
from spectrograms.errors import AudioError, ImageError
from spectrograms.image import read_image
from spectrograms.params import ClipParams
from tests.support.sounds import encode
from tests.support.sources import SHARED

SEED = int(os.environ.get("FUZZ_SEED", 0))
FIRST = int(os.environ.get("FUZZ_FIRST", 0))
CASES = {name: int(os.environ.get("FUZZ_CASES", n)) for name, n in {"sounds": 1200, "pictures": 300}.items()}
WORKERS = 2
LIMIT = 5  # seconds for one file
MEMORY = 2**30  # bytes of a worker at its peak, the interpreter and its libraries included
HEAD = 200_000  # bytes taken of a real recording: each case is written to the disk

SOUNDFILES = [  # extension, subtype of soundfile
    *(("wav", subtype) for subtype in ("PCM_16", "PCM_24", "FLOAT", "IMA_ADPCM")),
    *((extension, None) for extension in ("flac", "ogg", "mp3", "aiff", "au", "caf", "w64")),
]
ENCODED = {  # extension: codec; what is not encoded at 44.1 kHz stands below
    "opus": "libopus", "mp3": "libmp3lame", "m4a": "aac", "mp4": "aac", "mov": "alac", "mkv": "flac",
    "mka": "libmp3lame", "webm": "libopus", "avi": "pcm_s16le", "flv": "aac", "ts": "aac", "mpg": "mp2",
    "wma": "wmav2", "ac3": "ac3", "amr": "libopencore_amrnb",
}  # fmt: skip
RATES = {"libopus": 48_000, "libopencore_amrnb": 8_000}  # Hz
PICTURES = [  # extension, mode, what Pillow is told
    ("png", "RGB", {}),
    ("png", "P", {}),
    ("png", "I;16", {}),
    ("jpg", "RGB", {}),
    ("jpg", "CMYK", {"progressive": True}),
    ("tiff", "RGB", {"compression": "tiff_lzw"}),
    ("tiff", "L", {"compression": "tiff_deflate"}),
    ("tiff", "F", {}),
    ("gif", "P", {}),
    ("webp", "RGBA", {}),
    ("bmp", "RGB", {}),
    ("ppm", "RGB", {}),
]


def noisy_tone(rate, seconds=1.0):
    rng = np.random.default_rng(0)
    time = np.arange(round(rate * seconds)) / rate
    return (0.4 * np.sin(2 * np.pi * 440 * time) + rng.uniform(-0.2, 0.2, len(time))).astype(np.float32)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Return a folder of whole sound files of every kind, real recordings among them where there are any."""
    folder = tmp_path_factory.mktemp("sounds")
    for number, (extension, subtype) in enumerate(SOUNDFILES):
        soundfile.write(folder / f"a{number:02}.{extension}", noisy_tone(22_050), 22_050, subtype)
    for number, (extension, codec) in enumerate(ENCODED.items()):
        rate = RATES.get(codec, 44_100)
        n_channels, bits = (1, "12200") if rate == 8_000 else (2, "96000")  # a second of AMR; of WMA, without default
        with contextlib.suppress(pytest.skip.Exception):  # an encoder that this PyAV has not
            signal = np.stack([noisy_tone(rate)] * n_channels, axis=1)
            encode(folder / f"b{number:02}.{extension}", signal, codec, rate=rate, options={"b": bits})
    real = SHARED / "data"
    for path in sorted([*real.glob("esc5/*/1-[12]*.ogg"), *real.glob("trailer/*")])[-8:]:
        (folder / f"c-{path.name}").write_bytes(path.read_bytes()[:HEAD])
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return a folder of whole pictures of every kind."""
    folder = tmp_path_factory.mktemp("pictures")
    smooth = np.add.outer(np.arange(40), np.arange(60))[..., None] * (1, 2, 0.5)
    noise = np.random.default_rng(0).integers(0, 60, (40, 60, 3))
    picture = Image.fromarray((smooth + noise).clip(0, 255).astype(np.uint8))
    for number, (extension, mode, options) in enumerate(PICTURES):
        deep = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
        (deep if mode == "I;16" else picture.convert(mode)).save(folder / f"{number:02}.{extension}", **options)
    return folder


def flip_bits(rng, data):
    for place in rng.integers(len(data), size=rng.integers(1, 20)):
        data[place] ^= 1 << rng.integers(8)
    return data


def flip_header_bits(rng, data):
    data[:256] = flip_bits(rng, data[:256])
    return data


def random_header_bytes(rng, data):
    for place in rng.integers(min(len(data), 128), size=rng.integers(1, 9)):
        data[place] = rng.integers(256)
    return data


def splice(rng, data):
    """Put one stretch of the file over another."""
    start, to = rng.integers(len(data), size=2)
    piece = data[start : start + rng.integers(1, 4096)]
    data[to : to + len(piece)] = piece
    return data


def repeat(rng, data):
    start = rng.integers(len(data))
    return data[:start] + data[start : start + rng.integers(1, 4096)] * rng.integers(2, 30) + data[start:]


def extreme_length(rng, data):
    """Set four bytes of the first thousand, where lengths and rates stand, to an extreme number."""
    place = rng.integers(min(len(data), 1000))
    extremes = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x00", b"\x80\x00\x00\x00")
    data[place : place + 4] = extremes[rng.integers(len(extremes))]
    return data


def insert_garbage(rng, data):
    place = rng.integers(len(data))
    return data[:place] + bytearray(rng.bytes(rng.integers(1, 5000))) + data[place:]


def blank(rng, data):
    place, length = rng.integers(len(data)), rng.integers(1, 10_000)
    data[place : place + length] = bytes(len(data[place : place + length]))
    return data


DAMAGES = (
    flip_bits,
    flip_header_bits,
    random_header_bytes,
    lambda rng, data: data[: rng.integers(len(data))],
    lambda rng, data: data[rng.integers(len(data)) :],
    splice,
    repeat,
    extreme_length,
    insert_garbage,
    blank,
)


def damaged(files, case):
    """Return (file, its bytes damaged in one to three ways): the same for the same case."""
    rng = np.random.default_rng([SEED, case])
    file = files[case % len(files)]
    data = bytearray(file.read_bytes())
    for _ in range(rng.integers(1, 4)):
        data = DAMAGES[rng.integers(len(DAMAGES))](rng, data) or data
    return file, bytes(data)


def check_reason(reason):
    """Check that a reason is one short line; return False: nothing was read."""
    assert 0 < len(reason) < 200
    assert reason.isprintable()
    return False


def read_sound(path, case):
    """Read a damaged sound, from its start or from later on; return whether there was any in it."""
    try:
        waveform = load_clip(path, ClipParams(duration=1, offset=(0, 0.4)[case // 2 % 2]), 22_050)
    except AudioError as error:
        return check_reason(str(error))
    assert (waveform.shape, waveform.dtype) == ((22_050,), np.float32)
    assert np.isfinite(waveform).all()
    assert np.abs(waveform).max() <= 2 * LOUDEST  # resampling may overshoot
    return True


def read_picture(path, case):
    """Read a damaged picture; return whether there was one in it."""
    try:
        image = read_image(path)
    except ImageError as error:
        return check_reason(str(error))
    assert (image.ndim, image.shape[2], image.dtype) == (3, 3, np.uint8)
    return True


def peak_memory():
    """Return the most memory that this process has held, in bytes."""
    if Path("/proc/self/status").exists():  # ru_maxrss would count what the parent held when it started this process
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def work(read, files, cases, folder):
    """Read the damaged files of ``cases``; leave in ``folder`` the last of them, its number and how many were read."""
    faulthandler.enable(open(folder / "crash.txt", "w"))  # noqa: SIM115 (open until the process ends)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process, also within a decoder
    n_read = 0
    for case in cases:
        file, data = damaged(files, case)
        path = folder / f"case{file.suffix}"
        path.write_bytes(data)
        (folder / "case.txt").write_text(f"{case} ({file.name})")
        signal.alarm(LIMIT)
        n_read += read(path, case)
        signal.alarm(0)
        assert peak_memory() < MEMORY, f"{peak_memory():,} bytes"
    (folder / "read.txt").write_text(str(n_read))


def fuzz(read, whole, n_cases, tmp_path):
    """Read ``n_cases`` damaged files in a few processes; return how many gave something. Fails naming the case."""
    spawn, processes = multiprocessing.get_context("spawn"), {}
    for number in range(WORKERS):
        folder = tmp_path / str(number)
        folder.mkdir()
        cases = range(FIRST + number, FIRST + n_cases, WORKERS)
        processes[folder] = spawn.Process(target=work, args=(read, sorted(whole.iterdir()), cases, folder))
        processes[folder].start()
    for process in processes.values():
        process.join()
    for folder, process in processes.items():
        code = process.exitcode
        told = {-signal.SIGALRM: f"took more than {LIMIT} s", 1: "raised what stands above"}.get(code, f"died: {code}")
        assert code == 0, f"FUZZ_SEED={SEED} case {(folder / 'case.txt').read_text()} {told}; the file is in {folder}"
    return sum(int((folder / "read.txt").read_text()) for folder in processes)


@pytest.mark.parametrize(("read", "kind"), [(read_sound, "sounds"), (read_picture, "pictures")])
def test_damaged_files_give_what_can_be_read_or_a_reason(read, kind, request, tmp_path):
    n_cases = CASES[kind]
    n_read = fuzz(read, request.getfixturevalue(kind), n_cases, tmp_path)
    if n_cases > 100:  # both ends are met; else the damage would be none, or all there is
        assert 0.1 * n_cases < n_read < 0.9 * n_cases
