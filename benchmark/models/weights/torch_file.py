"""Read the tensors of a .pth file that torch.save wrote, without torch and without running anything of it.

A .pth is a pickle, which is a program: here it may name what makes a tensor out of numbers that lie beside it, and
plain values and NumPy's arrays as in :mod:`benchmark.data.conversion.pickles`. Two layouts are read: a ZIP file with a
file for each storage (torch 1.6 and later), and, before it, five pickles followed by the storages."""

import io
import math
import zipfile
from typing import NamedTuple

import numpy as np

from benchmark.data.conversion.pickles import CODES, DAMAGED, NAMED, Name, Reader, Refused, told

STORAGES = {  # the type of a storage's numbers; little-endian is all that is read
    "FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
    "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?",
}  # fmt: skip
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # of the older layout: torch/serialization.py
STATES = ("model", "state_dict")  # under which checkpoints hold the tensors of a network
ZIP = b"PK\x03\x04"


class _Storage(NamedTuple):
    """Numbers that lie beside the pickle."""

    key: str
    dtype: str
    size: int  # numbers

    @property
    def n_bytes(self):
        """Bytes that it takes."""
        return self.size * np.dtype(self.dtype).itemsize


class _Tensor(NamedTuple):
    """A tensor whose storage is still to be read."""

    storage: _Storage
    offset: int  # numbers
    shape: tuple
    strides: tuple  # numbers


def _tensor(storage, offset, shape, strides, *rest):
    """Return the tensor that torch._utils._rebuild_tensor_v2 makes; raise where it reaches beyond its storage."""
    numbers = [offset, *shape, *strides]
    are_counts = all(type(number) is int and number >= 0 for number in numbers)
    if type(storage) is not _Storage or len(shape) != len(strides) or not are_counts:
        raise Refused("a tensor has no storage, or a shape that is none")
    last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    if math.prod(shape) > storage.size or (math.prod(shape) and last >= storage.size):
        raise Refused(f"a tensor of shape {shape} reaches beyond its storage of {storage.size} numbers")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _no_call(*given):
    raise Refused("it makes a storage in another way than torch.save does")


class _TypeOfStorage(Name):
    """What stands for a storage's class: it cannot be called."""

    __slots__ = ("dtype",)

    def __init__(self, dtype):
        super().__init__(_no_call)
        object.__setattr__(self, "dtype", dtype)


class _TensorReader(Reader):
    """Runs the pickle of a .pth file: tensors are made of storages that are read afterwards."""

    named = {  # noqa: RUF012
        **NAMED,
        ("collections", "OrderedDict"): Name(lambda *pairs: dict(*pairs)),
        ("torch._utils", "_rebuild_tensor_v2"): Name(_tensor),
        **{("torch", name): _TypeOfStorage(dtype) for name, dtype in STORAGES.items()},
    }

    def __init__(self, file, **how):
        super().__init__(file, **how)
        self.storages = {}  # {key: _Storage} of all that were asked for

    def load_storage(self):
        """Take a reference to a storage: ('storage', its class, its key, a device, its size[, None])."""
        kind, made, key, _, size, *view = self.stack.pop()
        if kind != "storage" or not isinstance(made, _TypeOfStorage) or type(key) is not str or any(view):
            raise Refused("it asks for something else than a storage of tensors")
        if type(size) is not int or size < 0:
            raise Refused(f"it asks for a storage of {size!r:.40} numbers")
        storage = self.storages.setdefault(key, _Storage(key, made.dtype, size))
        if storage != (key, made.dtype, size):
            raise Refused("it asks for one storage in two ways")
        self.stack.append(storage)

    def load_build(self):
        """Set the state of an array; what torch tells of a state dict's versions (_metadata) is left out."""
        if type(self.stack[-2]) is dict and type(self.stack[-1]) is dict:
            self.stack.pop()
        else:
            super().load_build()

    dispatch = Reader.dispatch | {CODES["BINPERSID"]: load_storage, CODES["BUILD"]: load_build}


def read(path):
    """Return the tensors {name: array} of a .pth file: of its 'model' or 'state_dict' where it has one.

    Raises ValueError where it holds none, is damaged, or asks for anything else than tensors and plain values."""
    try:
        with open(path, "rb") as file:
            is_zip = file.read(len(ZIP)) == ZIP
            file.seek(0)
            value, numbers_of = (_of_zip if is_zip else _of_pickles)(file)
            tensors = _tensors(value)
            storages = {tensor.storage for tensor in tensors.values()}
            if sum(storage.n_bytes for storage in storages) > path.stat().st_size:
                raise Refused("its storages claim more bytes than it has")
            numbers = {storage: np.frombuffer(numbers_of(storage), storage.dtype) for storage in storages}
        return {name: _array(tensor, numbers[tensor.storage]) for name, tensor in tensors.items()}
    except Refused as error:
        raise ValueError(f"it is refused: {error}; a .pth file may hold tensors of numbers and plain values") from None
    except (*DAMAGED, zipfile.BadZipFile, RuntimeError, OSError) as error:  # OSError: of places that are none
        raise ValueError(f"it is no .pth file that can be read: {told(error)}") from None


def _tensors(value):
    """Return {name: _Tensor} of a state dict, or of a checkpoint that holds one."""
    if not isinstance(value, dict):
        raise Refused(f"it holds no state dict, but a {type(value).__name__.strip('_').lower()}")
    state = next((value[name] for name in STATES if isinstance(value.get(name), dict)), value)
    found = {name: tensor for name, tensor in state.items() if type(name) is str and type(tensor) is _Tensor}
    if not found:
        raise Refused("it holds no tensors by name")
    return found


def _of_zip(file):
    """Return (value, function of a storage to its bytes) of the layout of a ZIP file."""
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise Refused(f"it is a ZIP file with {len(names)} data.pkl, and not one")
    top = names[0].removesuffix("data.pkl")

    def content(name):
        if archive.getinfo(top + name).compress_type != zipfile.ZIP_STORED:
            raise Refused("it is compressed, which torch.save does not do")
        return archive.read(top + name)

    def numbers_of(storage):
        found = content(f"data/{storage.key}")
        if len(found) != storage.n_bytes:
            raise Refused(f"a storage has {len(found)} bytes, and not {storage.n_bytes}")
        return found

    if top + "byteorder" in archive.namelist() and content("byteorder") != b"little":
        raise Refused("its numbers are big-endian")
    return _TensorReader(io.BytesIO(content("data.pkl")), encoding="latin1").load(), numbers_of


def _of_pickles(file):
    """Return what :func:`_of_zip` does of the older layout: what it is, the value, the storages' keys, the storages."""
    if Reader(file).load() != MAGIC or Reader(file).load() != PROTOCOL:
        raise Refused("it does not begin as torch.save begins")
    if Reader(file).load().get("little_endian") is not True:
        raise Refused("its numbers are big-endian")
    reader = _TensorReader(file, encoding="latin1")
    value, places = reader.load(), {}
    for key in Reader(file).load():
        storage, size = reader.storages[key], int.from_bytes(file.read(8), "little")
        if size != storage.size:
            raise Refused(f"a storage has {size} numbers, and not {storage.size}")
        places[storage] = file.tell()
        file.seek(storage.n_bytes, io.SEEK_CUR)

    def numbers_of(storage):
        file.seek(places[storage])
        return file.read(storage.n_bytes)

    return value, numbers_of


def _array(tensor, numbers):
    """Return a tensor (*shape) as a view of its storage's numbers (n,)."""
    strides = [stride * numbers.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, strides, writeable=False)
