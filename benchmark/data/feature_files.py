"""Features of a clip as files hold them: which arrays there are, of what shapes, and their numbers.

A clip is a file (.npz, .npy, .h5) or a group of an HDF5 file, FILE.h5#ID (:mod:`benchmark.data.addresses`). An array of
features is (n_steps, dim), or (dim,), which is one step; what else lies there is passed over."""

import hashlib
import os
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import h5py
import numpy as np

from benchmark.data.addresses import split_address
from benchmark.errors import FeatureError, LacksFeatures, did_you_mean

UNNAMED = "features"  # the key of an array that has none: that of a .npy
NUMBERS = "fiub"  # kinds of dtype of features
DIGEST = "sha256"  # attribute of a clip's group: what digest_of says of its arrays
OPEN = 4  # HDF5 files, and groups in them, that stay open from one look to the next
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# What zipfile, NumPy and h5py raise of files that are damaged, or none of theirs
UNREADABLE = (
    OSError, ValueError, EOFError, KeyError, TypeError, RuntimeError, NotImplementedError, MemoryError, SyntaxError,
    zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError,
)  # fmt: skip


class Array(NamedTuple):
    """An array in a file, not read yet."""

    shape: tuple
    dtype: np.dtype

    @property
    def is_features(self):
        """Whether it may be features of a clip."""
        return self.dtype.kind in NUMBERS and len(self.shape) in (1, 2)


class Form(NamedTuple):
    """How files of one form are read."""

    arrays: Callable  # (address, key or None) -> {key: Array}; where a key is asked for, others may be left out
    read: Callable  # (address, key) -> array


def read_features(address, key=None):
    """Return the features of a clip, (n_steps, dim) float32; float16, float64 and integers are read as float32.

    ``key`` names the array; without it the clip must hold one alone. Raises :class:`FeatureError`, naming the file, the
    key and what came, where it cannot be read, is no array of features, is empty, or holds NaN or infinity."""
    key, _ = _chosen(address, key)
    array = read_array(address, key)
    with np.errstate(over="ignore", invalid="ignore"):  # of what float32 does not hold: told as infinite
        features = np.atleast_2d(array).astype("float32")
    if wrong := int(features.size - np.isfinite(features).sum()):
        raise FeatureError(address, f"{wrong} of {features.size} numbers of '{key}' are NaN or infinite")
    return features


def shape_of(address, key=None):
    """Return (n_steps, dim) of the features that :func:`read_features` would return; the numbers are not read."""
    return _as_steps(_chosen(address, key)[1].shape)


def keys_of(address):
    """Return {key: (n_steps, dim)} of the arrays of features that a clip holds; no array is read.

    Raises :class:`FeatureError` where the file cannot be read."""
    return {key: _as_steps(array.shape) for key, array in _arrays(address).items() if array.is_features}


def stored_digest(address):
    """Return the digest that ``convert`` keeps beside a clip's arrays, None where there is none."""
    kept = _guarded(address, lambda: _group(address).attrs.get(DIGEST)) if form_of(address) is HDF5 else None
    return kept if isinstance(kept, str) and re.fullmatch("[0-9a-f]{64}", kept) else None


def digest(address):
    """Return the SHA-256 in hex of a clip's arrays: that which ``convert`` keeps, else that of what the file holds.

    Raises :class:`FeatureError` where it cannot be read or holds no features."""
    if kept := stored_digest(address):
        return kept
    keys = keys_of(address)
    if not keys:
        raise FeatureError(address, "holds no array of features")
    return digest_of({key: read_array(address, key) for key in keys})


def digest_of(arrays):
    """Return the SHA-256 in hex of {key: array}: of the keys, shapes, types and numbers, in the order of the keys."""
    made = hashlib.sha256()
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        made.update(f"{key}\0{array.dtype.str}\0{array.shape}\0".encode("utf-8", "surrogateescape"))
        made.update(array.tobytes())
    return made.hexdigest()


def _chosen(address, key):
    """Return (key, Array) of the features that are meant; raise FeatureError where they are none."""
    arrays = _arrays(address, key)
    if key is None:
        usable = [name for name, array in arrays.items() if array.is_features]
        if len(usable) != 1:
            which = "say which by 'key'" if usable else "an array of numbers (n_steps, dim) is needed"
            raise FeatureError(address, f"holds {len(usable) or 'no'} arrays of features ({_listed(arrays)}); {which}")
        key = usable[0]
    if key not in arrays:
        held = _arrays(address)
        raise LacksFeatures(address, f"holds no array '{key}'{did_you_mean(key, held)}; it holds {_listed(held)}")
    array = arrays[key]
    if not array.is_features:
        raise FeatureError(
            address, f"'{key}' must be numbers (n_steps, dim) or (dim,); got {array.dtype} of shape {array.shape}"
        )
    if 0 in array.shape:
        raise LacksFeatures(address, f"'{key}' is empty: shape {array.shape}")
    return key, array


def _listed(arrays):
    return ", ".join(f"'{key}' {array.dtype} {array.shape}" for key, array in arrays.items()) or "nothing"


def _as_steps(shape):
    return shape if len(shape) == 2 else (1, *shape)


def _arrays(address, key=None):
    """Return {key: Array} of what a clip holds; where one is asked for, no other need be among them."""
    return _guarded(address, lambda: form_of(address).arrays(address, key))


def read_array(address, key):
    """Return an array of a clip as it is in its file; raise :class:`FeatureError` where it cannot be read."""
    return _guarded(address, lambda: form_of(address).read(address, key))


def _guarded(address, act):
    """Return what ``act`` returns; what libraries raise of a file becomes one sentence."""
    try:
        return act()
    except FeatureError:
        raise
    except UNREADABLE as error:
        told = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
        raise FeatureError(address, f"cannot be read: {told.splitlines()[0][:200]}") from None


def form_of(address):
    """Return the :class:`Form` of a clip's file; raise FeatureError where its extension is none of features."""
    suffix = os.path.splitext(split_address(address)[0])[1].lower()
    if suffix not in FORMS:
        raise FeatureError(address, f"is no file of features: {', '.join(FORMS)} are")
    return FORMS[suffix]


def _header(file):
    """Return the Array in an open .npy, from its first bytes."""
    version = np.lib.format.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"its .npy has version {version}, which holds structures")
    shape, _, dtype = HEADERS[version](file)
    return Array(shape, dtype)


def _npy_arrays(address, key):
    with open(address, "rb") as file:
        return {UNNAMED: _header(file)}


def _npy_read(address, key):
    return np.load(address, allow_pickle=False)


def _npz_arrays(address, key):
    found = {}
    with zipfile.ZipFile(address) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                with archive.open(name) as file:
                    found[name.removesuffix(".npy")] = _header(file)
    return found


def _npz_read(address, key):
    with np.load(address, allow_pickle=False) as archive:
        return archive[key]


@lru_cache(maxsize=OPEN)
def _opened(file, *state):
    """Return an open HDF5 file; another state of the file, or another process, opens it anew."""
    return h5py.File(file, "r", locking="best-effort")


@lru_cache(maxsize=OPEN)
def _opened_group(file, name, *state):
    group = _opened(file, *state).get(name) if name else _opened(file, *state)
    if not isinstance(group, h5py.Group):
        raise FeatureError(f"{file}#{name}", f"there is no clip '{name}' in the file")
    return group


def _group(address):
    """Return the HDF5 group of a clip."""
    file, name = split_address(address)
    status = os.stat(file)
    return _opened_group(file, name, status.st_size, status.st_mtime_ns, status.st_ino, os.getpid())


def _hdf5_arrays(address, key):
    group = _group(address)
    items = group.items() if key is None else [(key, group.get(key))]
    return {name: Array(item.shape or (), item.dtype) for name, item in items if isinstance(item, h5py.Dataset)}


def _hdf5_read(address, key):
    return _group(address)[key][()]


HDF5 = Form(_hdf5_arrays, _hdf5_read)
FORMS = {".npz": Form(_npz_arrays, _npz_read), ".npy": Form(_npy_arrays, _npy_read), ".h5": HDF5, ".hdf5": HDF5}
