"""Files of torch.save read as torch reads them, without torch; and no file runs anything."""

import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from contextlib import suppress

import numpy as np
import pytest

from benchmark.models.weights.torch_file import MAGIC, PROTOCOL, read

torch = pytest.importorskip("torch", reason="torch, which writes the files, is not installed")

MARK = "touched"  # the file that an attack would leave in the current folder
LAYOUTS = {"zip": True, "older": False}


def tensors():
    base = torch.arange(24, dtype=torch.float32)
    return OrderedDict(
        a=base.reshape(2, 3, 4), turned=base.reshape(4, 6).t(), part=base[5:9], step=base[::5], none=torch.zeros(0, 3),
        scalar=torch.tensor(7.5), double=torch.randn(3).double(), half=torch.ones(2).half(),
        long=torch.tensor([-(2**40)]), byte=torch.tensor([255], dtype=torch.uint8), bool=torch.tensor([True, False]),
    )  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("wrap", [None, "model", "state_dict"])
def test_tensors_are_those_that_torch_saved(tmp_path, layout, wrap):
    saved = tensors()
    value = {"epoch": 3, "lr": 0.1, "rng": np.arange(3), wrap: saved} if wrap else saved
    torch.save(value, tmp_path / "a.pth", _use_new_zipfile_serialization=LAYOUTS[layout])
    found = read(tmp_path / "a.pth")
    assert [*found] == [*saved]
    for name, tensor in saved.items():
        assert found[name].dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(found[name], tensor.numpy())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_module_keeps_its_names_and_what_torch_adds_is_left_out(tmp_path, layout):
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    torch.save(module.state_dict(), tmp_path / "a.pth", _use_new_zipfile_serialization=LAYOUTS[layout])
    found = read(tmp_path / "a.pth")
    assert [*found] == [*module.state_dict()]
    np.testing.assert_array_equal(found["0.weight"], module[0].weight.detach())


class Calls:
    """What is pickled as a call."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def tensor_pickle(storage=b"X\x01\x00\x00\x000", kind=b"ctorch\nFloatStorage\n", size=b"K\x04", offset=b"K\x00",
                  shape=b"K\x04\x85", strides=b"K\x01\x85", make=b"ctorch._utils\n_rebuild_tensor_v2\n"):  # fmt: skip
    """Return the pickle of {'a': a tensor of four numbers in storage '0'}, one part of it changed."""
    place = b"(X\x07\x00\x00\x00storage" + kind + storage + b"X\x03\x00\x00\x00cpu" + size + b"tQ"
    call = make + b"(" + place + offset + shape + strides + b"\x89}tR"
    return b"\x80\x02}X\x01\x00\x00\x00a" + call + b"s."


def write(path, content, data=4 * b"\x00\x00\x80\x3f", how=zipfile.ZIP_STORED, byteorder=b"little", top="x"):
    with zipfile.ZipFile(path, "w", how) as archive:
        archive.writestr(f"{top}/data.pkl", content)
        archive.writestr(f"{top}/byteorder", byteorder)
        archive.writestr(f"{top}/data/0", data)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "a.pth"


def test_the_tensor_whose_parts_are_changed_below_is_read(place):
    write(place, tensor_pickle())
    np.testing.assert_array_equal(read(place)["a"], np.ones(4))
    write(place, tensor_pickle(shape=b"K\x02K\x02\x86", strides=b"K\x01K\x02\x86"))
    assert read(place)["a"].shape == (2, 2)


HOSTILE = {
    "a call": pickle.dumps({"a": Calls(os.system, f"touch {MARK}")}, 2),
    "eval": pickle.dumps({"a": Calls(eval, f"open({MARK!r}, 'w')")}, 2),
    "a whole module": pickle.dumps(torch.nn.ReLU(), 2),
    "a function of torch": tensor_pickle(make=b"ctorch\nload\n"),
    "a class that torch names": tensor_pickle(kind=b"ctorch\nUntypedStorage\n"),
    "a storage that is called": b"\x80\x02ctorch\nFloatStorage\nK\x04\x85R.",
    "the state of a storage's class": b"\x80\x02ctorch\nFloatStorage\n}X\x05\x00\x00\x00dtypeX\x01\x00\x00\x00Osb.",
    "a dotted name": b"\x80\x04\x8c\x0etorch._utils\x93.",
    "a shape beyond the storage": tensor_pickle(shape=b"K\x05\x85"),
    "an offset beyond the storage": tensor_pickle(offset=b"K\x01"),
    "strides beyond the storage": tensor_pickle(strides=b"K\x02\x85"),
    "a negative stride": tensor_pickle(strides=b"J\xff\xff\xff\xff\x85"),
    "a negative offset": tensor_pickle(offset=b"J\xff\xff\xff\xff"),
    "numbers shown many times": tensor_pickle(shape=b"J\xff\xff\xff\x7f\x85", strides=b"K\x00\x85"),
    "strides of another shape": tensor_pickle(strides=b"K\x01K\x01\x86"),
    "a storage of another size": tensor_pickle(size=b"K\x08"),
    "a storage of a negative size": tensor_pickle(size=b"J\xff\xff\xff\xff"),
    "a storage of 2^62 numbers": tensor_pickle(size=b"\x8a\x08" + struct.pack("<q", 2**62)),
    "a storage that is not there": tensor_pickle(storage=b"X\x01\x00\x00\x001"),
    "a storage elsewhere": tensor_pickle(storage=b"X\x0b\x00\x00\x00../data.pkl"),
    "a key that is no text": tensor_pickle(storage=b"K\x00"),
    "an empty reference": b"\x80\x02)Q.",
    "another reference": b"\x80\x02X\x01\x00\x00\x00aQ.",
    "no dict": b"\x80\x02]K\x01a.",
    "no tensors": b"\x80\x02}X\x01\x00\x00\x00aK\x01s.",
    "nothing": b"",
    "cut": tensor_pickle()[:-20],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_broken_file_is_one_sentence_and_nothing_runs(place, name):
    write(place, HOSTILE[name])
    with pytest.raises(ValueError, match=r"^it is (refused|no \.pth file that can be read): ") as told:
        read(place)
    assert "\n" not in str(told.value)
    assert not os.path.exists(MARK), "an attack was run"


def older(content, keys=("0",), sizes=(4,), magic=MAGIC, little=True):
    parts = [pickle.dumps(each, 2) for each in (magic, PROTOCOL, {"little_endian": little})]
    numbers = b"".join(struct.pack("<q", size) + 4 * b"\x00\x00\x80\x3f" for size in sizes)
    return b"".join(parts) + content + pickle.dumps(list(keys), 2) + numbers


OLDER = {
    "another beginning": older(tensor_pickle(), magic=1),
    "big-endian": older(tensor_pickle(), little=False),
    "a call": older(HOSTILE["a call"]),
    "another size": older(tensor_pickle(), sizes=(2**60,)),
    "a size of 2^60": older(tensor_pickle(size=b"\x8a\x08" + struct.pack("<q", 2**60)), sizes=(2**60,)),
    "no such storage": older(tensor_pickle(), keys=("1",)),
    "no storage": older(tensor_pickle(), keys=(), sizes=()),
    "cut": older(tensor_pickle())[:-3],
    "a pickle of something else": pickle.dumps({"a": np.arange(3)}, 2),
    "text": b"no weights",
}


@pytest.mark.parametrize("name", OLDER)
def test_so_in_the_older_layout(place, name):
    place.write_bytes(older(tensor_pickle()))
    np.testing.assert_array_equal(read(place)["a"], np.ones(4))
    place.write_bytes(OLDER[name])
    with pytest.raises(ValueError, match=r"^it is (refused|no \.pth file that can be read): "):
        read(place)
    assert not os.path.exists(MARK), "an attack was run"


WRITTEN = {
    "compressed": {"how": zipfile.ZIP_DEFLATED},
    "big-endian": {"byteorder": b"big"},
    "storages cut short": {"data": b"abc"},
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_zip_file_that_torch_would_not_write_is_refused(place, name):
    write(place, tensor_pickle(), **WRITTEN[name])
    with pytest.raises(ValueError, match=r"^it is refused: "):
        read(place)


def test_bits_that_flipped_are_a_sentence_or_tensors(place):
    rng = np.random.default_rng(0)
    write(place, tensor_pickle())
    files = np.frombuffer(place.read_bytes(), "u1"), np.frombuffer(older(tensor_pickle()), "u1")
    for whole in files:
        for _ in range(500):
            changed = whole.copy()
            places = rng.integers(len(whole), size=rng.integers(1, 4))
            changed[places] ^= 1 << rng.integers(8, size=len(places), dtype="u1")
            place.write_bytes(changed.tobytes())
            with suppress(ValueError):
                read(place)
