"""Facts about pickles: those of arrays read as Python reads them, and no other runs anything."""

import builtins
import copyreg
import os
import pickle
import re
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.data.conversion import pickles
from benchmark.data.conversion.pickles import read_pickle
from benchmark.errors import StudyError

VALUES = {
    "float32": np.arange(6, dtype="f4").reshape(2, 3),
    "in Fortran's order": np.asfortranarray(np.arange(6.0).reshape(3, 2)),
    "big-endian": np.arange(5, dtype=">i2"),
    "float16": np.linspace(0, 1, 7, dtype="f2"),
    "bools": np.array([True, False]),
    "none": np.zeros((0, 5), "f4"),
    "text": np.array(["ab", "é", ""]),
    "bytes of text": np.array([b"ab", b"c"]),
    "a scalar": np.float64(2.5),
    "an array without axes": np.array(7),
    "plain values": [1, -(2**70), 2.5, "é", b"x", b"", True, None, (), (1, 2, 3, 4), {"a": [{}]}, {(1, "b"): 2}],
}
SHARED = np.ones(3)
SHARED_TWICE = {"one": SHARED, "other": SHARED}
LOOP = []
LOOP.append(LOOP)


def same(one, other):
    if isinstance(other, np.ndarray | np.generic):
        orders = [value.dtype.newbyteorder("=") for value in (one, other)]  # NumPy keeps that of the file, or not
        return orders[0] == orders[1] and np.array_equal(one, other) and type(one) is type(other)
    return one == other


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("what", VALUES)
def test_it_reads_what_python_reads(tmp_path, what, protocol):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"x": VALUES[what]}, protocol))
    read = read_pickle(tmp_path / "a.pkl")
    assert same(read["x"], pickle.loads((tmp_path / "a.pkl").read_bytes())["x"])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_stands_twice_is_one_and_a_circle_ends(tmp_path, protocol):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(SHARED_TWICE, protocol))
    read = read_pickle(path)
    assert read["one"] is read["other"]
    path.write_bytes(pickle.dumps(LOOP, protocol))
    read = read_pickle(path)
    assert read[0] is read


# {"000123": array([[0, 1, 2], [3, 4, 5]], float32)}, as cPickle of Python 2.7 with NumPy 1.16 writes it, protocol 2
PYTHON_2 = (
    b"\x80\x02}q\x01U\x06000123q\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b"
    b"\x87Rq\x05(K\x01K\x02K\x03\x86cnumpy\ndtype\nq\x06U\x02f4K\x00K\x01\x87Rq\x07(K\x03U\x01<NNNJ\xff\xff\xff\xff"
    b"J\xff\xff\xff\xffK\x00tb\x89U\x18" + np.arange(6, dtype="<f4").tobytes() + b"tbs."
)


def test_pickles_of_python_2_are_read(tmp_path):
    (tmp_path / "a.pkl").write_bytes(PYTHON_2)
    read = read_pickle(tmp_path / "a.pkl")
    assert [*read] == ["000123"]
    np.testing.assert_array_equal(read["000123"], pickle.loads(PYTHON_2, encoding="latin1")["000123"])
    assert read["000123"].dtype == np.float32


MARK = "touched"  # the file that an attack would leave in the current folder
TOUCH = f"touch {MARK}"
CODE = f"open({MARK!r}, 'w').close()"


class Calls:
    """What is pickled as a call."""

    def __init__(self, function, *arguments, state=None):
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.call


class OwnArray(np.ndarray):
    """An array of a class of its own."""


class Stateful:
    """What runs code when its state is set."""

    def __setstate__(self, state):
        os.system(TOUCH)


def extension(code):
    return b"\x80\x02" + code + b"X" + len(TOUCH).to_bytes(4, "little") + TOUCH.encode() + b"\x85R."


def text(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


def named(module, name, argument):
    """Return a pickle of protocol 4 that calls a dotted name."""
    return b"\x80\x04" + text(module) + text(name) + b"\x93" + text(argument) + b"\x85R."


def objects_as_bytes():
    """Return an array of Python objects whose dtype says that its bytes are numbers: addresses, 0x41414141."""
    state = b"(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    dtype = b"cnumpy\ndtype\nX\x02\x00\x00\x00O8\x89\x88\x87R" + state
    return (
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
        b"(K\x01K\x01\x85" + dtype + b"\x89C\x08AAAA\x00\x00\x00\x00tb."
    )


ATTACKS = {
    "os.system": lambda: pickle.dumps(Calls(os.system, TOUCH)),
    "os.system, protocol 0": lambda: pickle.dumps(Calls(os.system, TOUCH), 0),
    "subprocess": lambda: pickle.dumps(Calls(subprocess.check_call, ["touch", MARK])),
    "builtins.eval": lambda: pickle.dumps(Calls(eval, CODE)),
    "builtins.exec": lambda: pickle.dumps(Calls(exec, CODE), 2),
    "open": lambda: pickle.dumps(Calls(open, MARK, "w")),
    "a chain of getattr": lambda: pickle.dumps(Calls(getattr, Calls(__import__, "os"), "system")),
    "__import__": lambda: pickle.dumps(Calls(builtins.__import__, "antigravity")),
    "a dotted name": lambda: named("os", "path.os.system", TOUCH),
    "a dotted name in NumPy": lambda: named("numpy", "lib._npyio_impl.os.system", TOUCH),
    "a dotted name in the module of arrays": lambda: named("numpy", "core.multiarray.os.system", TOUCH),
    "a dotted name of what may be named": lambda: named("numpy", "ndarray.__class__.__base__.__subclasses__", TOUCH),
    "a dotted name of codecs": lambda: named("_codecs", "encode.__self__", TOUCH),
    "codecs with another encoding": lambda: b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.",
    "numpy.load": lambda: pickle.dumps(Calls(np.load, "hidden.npy", None, True)),
    "numpy.f2py": lambda: b"cnumpy.f2py.crackfortran\nmyeval\n(V" + CODE.encode() + b"\ntR.",
    "numpy.testing": lambda: b"cnumpy.testing._private.utils\nruncode\n(V" + CODE.encode() + b"\ntR.",
    "an array of objects": lambda: pickle.dumps(np.array([Calls(os.system, TOUCH)], dtype=object)),
    "an array of plain objects": lambda: pickle.dumps(np.array([{}, []], dtype=object)),
    "a structure that holds objects": lambda: pickle.dumps(np.zeros(1, [("a", "O"), ("b", "f4")])),
    "a dtype that lies of its objects": objects_as_bytes,
    "an array of dates": lambda: pickle.dumps(np.zeros(2, "datetime64[s]")),
    "a class of arrays": lambda: pickle.dumps(np.zeros(2).view(OwnArray)),
    "a matrix": lambda: pickle.dumps(np.zeros((1, 2)).view(np.matrix)),
    "a masked array": lambda: pickle.dumps(np.ma.masked_array([1, 2], [True, False])),
    "a record array": lambda: pickle.dumps(np.rec.array([(1, 2)])),
    "a memory map": lambda: b"cnumpy\nmemmap\n(V" + MARK.encode() + b"\ntR.",
    "INST": lambda: b"(V" + TOUCH.encode() + b"\nios\nsystem\n.",
    "OBJ": lambda: b"(cos\nsystem\nV" + TOUCH.encode() + b"\no.",
    "NEWOBJ": lambda: b"\x80\x02csubprocess\nPopen\nX\x05\x00\x00\x00touch\x85\x81.",
    "NEWOBJ of what may be named": lambda: b"\x80\x02cnumpy\nndarray\nK\x02\x85\x81.",
    "NEWOBJ_EX": lambda: b"\x80\x04" + text("subprocess") + text("Popen") + b"\x93" + text("true") + b"\x85}\x92.",
    "EXT1": lambda: extension(b"\x82\xf0"),
    "EXT2": lambda: extension(b"\x83\xf0\x00"),
    "EXT4": lambda: extension(b"\x84\xf0\x00\x00\x00"),
    "BUILD": lambda: pickle.dumps(Calls(Stateful, state={"a": 1})),
    "BUILD of a name": lambda: b"\x80\x02cnumpy\ndtype\n}X\x04\x00\x00\x00makeK\x01sb.",
    "BUILD of a name's slots": lambda: b"\x80\x02cnumpy\ndtype\nN}X\x04\x00\x00\x00makeK\x01s\x86b.",
    "BUILD of a dict": lambda: b"\x80\x02}}X\x01\x00\x00\x00aK\x01sb.",
    "copyreg": lambda: pickle.dumps(Calls(copyreg.add_extension, "os", "system", 0xF1)),
    "copyreg._reconstructor": lambda: b"ccopy_reg\n_reconstructor\n(cos\nsystem\nc__builtin__\nobject\nNtR.",
    "PERSID": lambda: b"P" + TOUCH.encode() + b"\n.",
    "BINPERSID": lambda: b"\x80\x02X\x01\x00\x00\x00aQ.",
    "a buffer outside": lambda: b"\x80\x05\x97.",
    "a set": lambda: pickle.dumps({1, 2}),
    "a set of old": lambda: pickle.dumps({1, 2}, 2),
    "a complex number": lambda: pickle.dumps(1j),
    "bytearray": lambda: pickle.dumps(bytearray(b"a")),
    "a function as a value": lambda: b"cnumpy\ndtype\n.",
    "a dtype as a value": lambda: pickle.dumps(np.dtype("f4")),
    "bytes of an argument": lambda: b"\x80\x02c__builtin__\nbytes\nK\x0a\x85R.",
    "ndarray called": lambda: b"\x80\x02cnumpy\nndarray\nK\x0a\x85R.",
    "a value called": lambda: b"\x80\x02X\x01\x00\x00\x00aK\x01\x85R.",
}


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Return a function of bytes that reads them as a pickle in an empty folder: the sentence of its refusal."""
    monkeypatch.chdir(tmp_path)
    copyreg.add_extension("os", "system", 0xF0)
    np.save("hidden.npy", np.array([Calls(os.system, TOUCH)], dtype=object), allow_pickle=True)

    def read(content):
        path = tmp_path / "a.pkl"
        path.write_bytes(content)
        with pytest.raises(StudyError) as told:
            read_pickle(path)
        assert not (tmp_path / MARK).exists(), "an attack was run"
        assert "\n" not in str(told.value)
        assert str(path) in str(told.value)
        return str(told.value)

    yield read
    copyreg.remove_extension("os", "system", 0xF0)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_pickle_is_refused_in_one_sentence_and_nothing_runs(refused, name):
    modules = set(sys.modules)
    said = refused(ATTACKS[name]())
    assert "is refused" in said or "no pickle that can be read" in said
    assert {name for name in set(sys.modules) - modules if name.startswith(("antigravity", "numpy.f2py"))} == set()


RUNS = (
    "os.system", "builtins.eval", "builtins.exec", "a dotted name", "a dotted name in NumPy", "INST", "OBJ", "EXT1",
    "BUILD", "subprocess", "numpy.load", "an array of objects",
)  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_the_attacks_do_run_where_python_reads_them(refused, tmp_path, name):
    """Without this the test above could be of harmless bytes."""
    pickle.loads(ATTACKS[name]())
    assert (tmp_path / MARK).exists()


def test_what_may_be_named_is_as_it_was_after_attacks(refused, tmp_path):
    for name in ATTACKS:
        refused(ATTACKS[name]())
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(VALUES["float32"]))
    assert same(read_pickle(tmp_path / "a.pkl"), VALUES["float32"])


def array_with(shape=b"K\x02K\x03\x86", code=b"U\x02f4", order=b"U\x01<", content=b"U\x18" + 24 * b"a"):
    """Return PYTHON_2 with another shape, type, order or content."""
    changed = PYTHON_2.replace(b"K\x02K\x03\x86", shape).replace(b"U\x02f4", code).replace(b"U\x01<", order)
    return re.sub(rb"U\x18.{24}", lambda match: content, changed, flags=re.DOTALL)


BROKEN = {
    "nothing": b"",
    "text": b"hello, this is no pickle",
    "cut": PYTHON_2[:-9],
    "a negative size": array_with(shape=b"J\xff\xff\xff\xffK\x03\x86"),
    "a size that is no number": array_with(shape=b"NK\x03\x86"),
    "a shape larger than its bytes": array_with(shape=b"K\x20K\x03\x86"),
    "a shape that overflows": array_with(shape=b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01K\x00\x86"),
    "numbers that are text of Python": array_with(content=b"N"),
    "an unknown type": array_with(code=b"U\x02f3"),
    "an order that is none": array_with(order=b"U\x01x"),
    "a claim of 2^62 bytes": b"\x80\x04\x8e" + (2**62).to_bytes(8, "little") + b"a.",
    "a claim of a frame of 2^62 bytes": b"\x80\x04\x95" + (2**62).to_bytes(8, "little") + b"K\x01.",
    "text that ends in no character": b"\x80\x02X\x02\x00\x00\x00\xff\xff.",
    "a list as a key": b"\x80\x02}]K\x01s.",
    "an unknown value": b"\x80\x02h\x05.",
    "an empty stack": b"\x80\x02.",
    "an unknown protocol": b"\x80\x63N.",
    "a huge number in text": b"I" + 5000 * b"9" + b"\n.",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_pickle_is_one_sentence(refused, name):
    assert "is refused" in (said := refused(BROKEN[name])) or "no pickle that can be read" in said


def test_room_is_made_for_no_more_values_than_there_are(tmp_path):
    """Python's reader in C makes a table of 2^31 places for this one."""
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02K\x01r\xff\xff\xff\x7f.")
    assert read_pickle(tmp_path / "a.pkl") == 1


def test_lists_in_lists_as_deep_as_a_file_is_long_are_read(tmp_path):
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02" + 100_000 * b"]" + 99_999 * b"a" + b".")
    assert len(read_pickle(tmp_path / "a.pkl")) == 1


def test_bits_that_flipped_are_a_sentence_or_a_value(tmp_path):
    rng, path = np.random.default_rng(0), tmp_path / "a.pkl"
    whole = np.frombuffer(pickle.dumps({"a": VALUES["float32"], "b": [1, "two"]}, 2), "u1")
    for _ in range(2000):
        changed = whole.copy()
        places = rng.integers(len(whole), size=rng.integers(1, 4))
        changed[places] ^= 1 << rng.integers(8, size=len(places), dtype="u1")
        path.write_bytes(changed.tobytes())
        with suppress(StudyError):
            read_pickle(path)


def test_a_pickle_larger_than_the_memory_says_what_it_takes(tmp_path, monkeypatch):
    (tmp_path / "a.pkl").write_bytes(PYTHON_2)
    monkeypatch.setattr(pickles.psutil, "virtual_memory", lambda: SimpleNamespace(available=10))
    with pytest.raises(StudyError, match=r"can only be read whole, and 0\.0 GB of memory are free"):
        read_pickle(tmp_path / "a.pkl")
