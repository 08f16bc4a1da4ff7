"""Pickles of NumPy arrays, read without running anything that they ask for.

A pickle is a program: it names any function of any module and calls it. Here it may name what NumPy's own pickles of
arrays name, and each of these names stands for a function of this module, which takes nothing but plain values; none of
NumPy's is called with what a pickle says, since of these too some give a hold (a dtype whose state is set by hand takes
bytes for the addresses of objects). What comes out is arrays and scalars of numbers and text, dict, list, tuple, str,
int, float, bytes, bool and None, or one sentence.

Python's reader in Python is taken: its table of instructions can be cut down to those that plain data need, and it
keeps what is remembered in a dict, where the one in C makes room for as many values as a pickle claims."""

import math
import pickle
import pickletools
import re

import numpy as np
import psutil

from benchmark.errors import StudyError

CODES = {code.name: ord(code.code) for code in pickletools.opcodes}
NAMES = {number: name for name, number in CODES.items()}
# Instructions of plain data. Left out: those that make objects by class (INST, OBJ, NEWOBJ), name functions by number
# (EXT), or by what is outside of the pickle (PERSID, BUFFER), and sets.
ADMITTED = (
    "PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET",
    "LONG_BINGET", "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4",
    "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "BYTEARRAY8", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "EMPTY_TUPLE", "TUPLE", "TUPLE1",
    "TUPLE2", "TUPLE3", "EMPTY_LIST", "LIST", "APPEND", "APPENDS", "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS",
    "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD",
)  # fmt: skip
PLAIN = (str, int, float, bytes, bool, type(None), np.ndarray)
HOLDERS = (dict, list, tuple)
DTYPE = re.compile(r"[biuf](1|2|4|8|16)|[SU][1-9]\d{0,5}")  # of numbers and of text: no objects, no structures
LAST_CHARACTER = 0x10FFFF
ORDERS = ("<", ">", "=", "|")
DAMAGED = (
    EOFError, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError, RecursionError,
    pickle.UnpicklingError,
)  # fmt: skip


class Refused(pickle.UnpicklingError):
    """A pickle that asks for more than arrays."""


class Name:
    """What a pickle may name: called, it makes something out of plain values. It has no state that could be set."""

    __slots__ = ("make",)

    def __init__(self, make):
        object.__setattr__(self, "make", make)

    def __setattr__(self, name, value):
        raise Refused("it changes what it was given to read arrays")


class _Dtype:
    """The type of an array's numbers while a pickle is read."""

    __slots__ = ("code", "order")

    def __init__(self, code, align=False, copy=True):
        code = code.decode("ascii") if isinstance(code, bytes) else code
        if not isinstance(code, str) or not DTYPE.fullmatch(code):
            raise Refused(f"its arrays are of type {code!r:.40}, and not of numbers or text")
        self.code, self.order = code, "="

    def set_order(self, version, order, subtype=None, names=None, fields=None, *rest):
        """Take the byte order from the state of a dtype; the rest of one belongs to structures."""
        order = order.decode("ascii") if isinstance(order, bytes) else order
        if order not in ORDERS or (subtype, names, fields) != (None, None, None):
            raise Refused("its arrays are of structures, and not of numbers or text")
        self.order = order

    def numpy(self):
        """Return it as NumPy has it."""
        return np.dtype(self.order + self.code)


def _state_of(shape, dtype, content, is_fortran=False):
    """Return the state of an array as NumPy takes it; raise where its bytes are not as many as its shape says."""
    if not isinstance(dtype, _Dtype):
        raise Refused("an array has a type that is none")
    content = content.encode("latin1") if isinstance(content, str) else content  # bytes of Python 2
    if not isinstance(content, bytes | bytearray):
        raise Refused("its arrays hold Python objects")
    shape, dtype = tuple(shape), dtype.numpy()
    if not all(type(size) is int and size >= 0 for size in shape) or math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError(f"an array of shape {shape} and type {dtype} has {len(content)} bytes")
    if dtype.kind == "U" and (np.frombuffer(content, dtype.str[0] + "u4") > LAST_CHARACTER).any():
        raise ValueError("an array of text holds what is no character")
    return 1, shape, dtype, bool(is_fortran), bytes(content)


def _filled(*state):
    array = np.empty(0, "u1")
    array.__setstate__(_state_of(*state))  # shares the bytes: what is read takes its memory once
    return array


def _unfilled(kind, shape, code):
    """Return an array whose shape and numbers come later, with its state."""
    if kind is not ARRAY:
        raise Refused("its arrays are of a class of their own")
    return np.empty(0, "u1")


def _scalar(dtype, content):
    return _filled((1,), dtype, content)[0]


def _buffered(content, dtype, shape, order):
    return _filled(shape, dtype, content, order == "F")


def _latin1(text, encoding="latin1"):
    """Return bytes, as Python 3 writes them for Python 2."""
    if encoding not in ("latin1", "latin-1"):
        raise Refused(f"it encodes text as {encoding!r:.40}")
    return text.encode("latin1")


def _no_array(*given):
    raise Refused("it makes an array in another way than NumPy's pickles do")


ARRAY = Name(_no_array)
MULTIARRAY, NUMERIC = ("numpy.core.multiarray", "numpy._core.multiarray"), ("numpy.core.numeric", "numpy._core.numeric")
NAMED = {
    ("numpy", "ndarray"): ARRAY,
    ("numpy", "dtype"): Name(_Dtype),
    ("_codecs", "encode"): Name(_latin1),
    **{(module, "bytes"): Name(lambda: b"") for module in ("builtins", "__builtin__")},  # bytes of none, in old forms
    **{(module, "_reconstruct"): Name(_unfilled) for module in MULTIARRAY},
    **{(module, "scalar"): Name(_scalar) for module in MULTIARRAY},
    **{(module, "_frombuffer"): Name(_buffered) for module in NUMERIC},
}


class Reader(pickle._Unpickler):
    """Runs the admitted instructions of a pickle, and of its calls those of ``named``."""

    dispatch = {CODES[name]: pickle._Unpickler.dispatch[CODES[name]] for name in ADMITTED}  # noqa: RUF012
    named = NAMED

    def find_class(self, module, name):
        """Return what a name stands for; nothing is imported or looked up."""
        if (module, name) not in self.named:
            raise Refused(f"it names {module!r:.60}, {name!r:.60}")
        return self.named[module, name]

    def load_reduce(self):
        """Call what a pickle may name with plain values."""
        arguments = self.stack.pop()
        function = self.stack[-1]
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise Refused("it calls what it may not call")
        self.stack[-1] = function.make(*arguments)

    def load_build(self):
        """Set the state of an array or a dtype that was just made."""
        state, made = self.stack.pop(), self.stack[-1]
        if not isinstance(state, tuple):
            raise Refused("it sets a state that is none of an array")
        if isinstance(made, _Dtype):
            made.set_order(*state)
        elif type(made) is np.ndarray:
            made.__setstate__(_state_of(state[-4], state[-3], state[-1], state[-2]))
        else:
            raise Refused("it sets the state of what is no array")

    dispatch[CODES["REDUCE"]], dispatch[CODES["BUILD"]] = load_reduce, load_build


def read_pickle(path):
    """Return what a pickle of arrays holds: arrays and plain values in dicts, lists and tuples.

    It is read whole, and takes about the memory of its file; one of Python 2 takes twice that while it is read. Raises
    :class:`StudyError` where it asks for anything else, is damaged, or is larger than the memory that is free."""
    size, free = path.stat().st_size, psutil.virtual_memory().available
    if size > free:
        raise StudyError(
            f"{path} is a pickle of {size / 1e9:.1f} GB, which can only be read whole, and {free / 1e9:.1f} GB of "
            "memory are free; convert it on a larger machine"
        )
    try:
        with open(path, "rb") as file:
            value = Reader(file, encoding="latin1").load()
        _check_plain(value)
        return value
    except Refused as error:
        raise StudyError(
            f"{path} is refused: {error}; a pickle may hold NumPy arrays of numbers and text, dict, list, tuple, str, "
            "int, float, bytes, bool and None, and nothing else"
        ) from None
    except DAMAGED as error:
        raise StudyError(f"{path} is no pickle that can be read: {told(error)}") from None


def told(error):
    """Return the reason of an error of :data:`DAMAGED`, one line; of an instruction that is not admitted its name."""
    if type(error) is KeyError and isinstance(error.args[0], int) and error.args[0] in NAMES:
        return f"it has the instruction {NAMES[error.args[0]]}, which makes more than arrays and plain values"
    return f"{str(error).splitlines()[0][:200] if str(error) else type(error).__name__}"


def _check_plain(value):
    """Raise :class:`Refused` where anything else than plain values is left in what was read."""
    waiting, seen = [value], set()
    while waiting:  # not recursive: a list may be nested as deep as a pickle is long
        item = waiting.pop()
        if type(item) in HOLDERS and id(item) not in seen:
            seen.add(id(item))  # a list may hold itself
            waiting += [*item.keys(), *item.values()] if isinstance(item, dict) else item
        elif type(item) not in (*PLAIN, *HOLDERS) and not isinstance(item, np.generic):
            raise Refused(f"it holds a value that is none of these ({type(item).__name__.strip('_').lower()})")
