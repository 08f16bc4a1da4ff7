"""Facts about files of features: all forms give the same numbers, and what is odd is one sentence."""

import hashlib
import os
import zipfile
from contextlib import suppress

import h5py
import numpy as np
import pytest

from benchmark.data.addresses import file_of, group_name, name_of, split_address
from benchmark.data.feature_files import UNNAMED, digest, keys_of, read_features, shape_of
from benchmark.errors import FeatureError

RNG = np.random.default_rng(0)


def write_npz(folder, arrays):
    np.savez(folder / "a.npz", **arrays)
    return f"{folder}/a.npz"


def write_compressed(folder, arrays):
    np.savez_compressed(folder / "c.npz", **arrays)
    return f"{folder}/c.npz"


def write_hdf5(folder, arrays):
    with h5py.File(folder / "a.h5", "w") as file:
        for key, array in arrays.items():
            file[key] = array
    return f"{folder}/a.h5"


def write_group(folder, arrays):
    with h5py.File(folder / "all.hdf5", "w") as file:
        file.create_group("other")
        for key, array in arrays.items():
            file[f"the clip/{key}"] = array
    return f"{folder}/all.hdf5#the clip"


FORMS = {"npz": write_npz, "npz compressed": write_compressed, "hdf5": write_hdf5, "a group of hdf5": write_group}
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(params=FORMS)
def write(request, tmp_path):
    """Return a function that writes {key: array} in a form and returns its address."""
    return lambda arrays: FORMS[request.param](tmp_path, arrays)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i2", "u1", "?"])
def test_numbers_come_back_as_float32(write, dtype):
    numbers = RNG.integers(0, 2 if dtype == "?" else 100, (5, 3)).astype(dtype)
    read = read_features(write({"x": numbers}))
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, numbers.astype("f4"))


def test_one_vector_is_one_step(write):
    address = write({"x": np.arange(4.0)})
    assert read_features(address).shape == shape_of(address) == (1, 4)
    assert keys_of(address) == {"x": (1, 4)}


def test_shapes_are_those_that_are_read(write):
    arrays = {"clip": np.ones((7, 5), "f2"), "ocr": np.ones((2, 3)), "mean": np.ones(6)}
    address = write(arrays | {"title": np.array(b"a film")})
    assert keys_of(address) == {"clip": (7, 5), "ocr": (2, 3), "mean": (1, 6)}
    for key, shape in keys_of(address).items():
        assert shape_of(address, key) == read_features(address, key).shape == shape


def test_a_npy_is_one_array(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((3, 2)))
    address = str(tmp_path / "a.npy")
    assert keys_of(address) == {UNNAMED: (3, 2)}
    assert read_features(address).shape == read_features(address, UNNAMED).shape == (3, 2)


ODD = {  # arrays, key asked for, what is said
    "no array": ({}, None, "holds no arrays of features (nothing)"),
    "text alone": ({"t": np.array(b"a film")}, None, "holds no arrays of features ('t'"),
    "two and none asked for": (
        {"a": np.ones((2, 3)), "b": np.ones(4)}, None, "holds 2 arrays of features ('a' float64 (2, 3), 'b' float64",
    ),
    "a key that is not there": ({"clip": np.ones(3)}, "clop", "holds no array 'clop'; did you mean 'clip'?; it holds"),
    "three axes": ({"x": np.ones((2, 3, 4))}, "x", "(n_steps, dim) or (dim,); got float64 of shape (2, 3, 4)"),
    "no axis": ({"x": np.float32(1)}, "x", "got float32 of shape ()"),
    "text": ({"x": np.array([b"a"])}, "x", "'x' must be numbers (n_steps, dim)"),
    "complex numbers": ({"x": np.ones((2, 2), complex)}, "x", "got complex128"),
    "no step": ({"x": np.ones((0, 5))}, None, "'x' is empty: shape (0, 5)"),
    "no number": ({"x": np.ones((5, 0))}, "x", "'x' is empty: shape (5, 0)"),
    "NaN": ({"x": np.array([[1, np.nan], [2, 3]])}, "x", "1 of 4 numbers of 'x' are NaN or infinite"),
    "infinity": ({"x": np.array([-np.inf, np.inf, 1])}, "x", "2 of 3 numbers of 'x' are NaN or infinite"),
    "beyond float32": ({"x": np.array([1e300, 1])}, None, "1 of 2 numbers of 'x' are NaN or infinite"),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_what_is_no_features_is_one_sentence_with_file_and_key(write, case):
    arrays, key, said = ODD[case]
    address = write(arrays)
    if case == "no array" and "#" in address:
        with h5py.File(file_of(address), "a") as file:
            file.create_group("the clip")
    with pytest.raises(FeatureError) as told:
        read_features(address, key)
    assert str(told.value).startswith(f"{address}: ")
    assert said in str(told.value)
    assert "\n" not in str(told.value)
    if "NaN" not in said:  # which only the numbers tell
        with pytest.raises(FeatureError):
            shape_of(address, key)


def test_an_array_of_objects_is_not_unpickled(tmp_path):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    for name in ("a.npz", "a.npy"):
        save = np.savez if name.endswith("z") else np.save
        save(tmp_path / name, np.array([Attack()], dtype=object), allow_pickle=True)
        for key in (None, "arr_0", UNNAMED):
            with pytest.raises(FeatureError, match=r"object|holds no array"):
                read_features(str(tmp_path / name), key)
    assert not (tmp_path / "made").exists()


BROKEN = {
    "empty.npz": b"", "empty.npy": b"", "empty.h5": b"", "text.npz": b"hello", "text.npy": b"hello",
    "text.h5": b"hello", "zip.npz": b"PK\x03\x04hello", "header.npy": b"\x93NUMPY\x01\x00\x08\x00{'descr'",
    "version.npy": b"\x93NUMPY\x09\x00\x08\x00{'descr'", "what.txt": b"1 2 3", "name": b"",
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("act", [read_features, keys_of, digest])
def test_broken_files_are_one_sentence(tmp_path, name, act):
    (tmp_path / name).write_bytes(BROKEN[name])
    with pytest.raises(FeatureError, match=r"cannot be read|is no file of features") as told:
        act(f"{tmp_path}/{name}")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.h5", "a.h5#id"])
def test_a_file_that_is_not_there_is_one_sentence(tmp_path, name):
    with pytest.raises(FeatureError, match="cannot be read: No such file"):
        read_features(f"{tmp_path}/{name}")


@pytest.mark.parametrize("form", FORMS)
def test_cut_and_changed_files_are_read_or_told(tmp_path, form):
    address = FORMS[form](tmp_path, {"x": RNG.normal(size=(20, 30)), "y": np.ones(5)})
    path = file_of(address)
    whole = np.fromfile(path, "u1")
    for trial in range(120):
        changed = whole[: RNG.integers(len(whole))] if trial % 3 == 0 else whole.copy()
        if trial % 3:
            places = RNG.integers(len(changed), size=RNG.integers(1, 20))
            changed[places] ^= 1 << RNG.integers(8, size=len(places), dtype="u1")
        place = tmp_path / f"changed{trial}{os.path.splitext(path)[1]}"
        changed.tofile(place)
        with suppress(FeatureError):
            assert np.isfinite(read_features(address.replace(path, str(place)), "x")).all()


def test_a_truncated_hdf5_says_so(tmp_path):
    address = write_group(tmp_path, {"x": np.ones((100, 100))})
    os.truncate(file_of(address), 20_000)
    with pytest.raises(FeatureError, match="truncated"):
        read_features(address)


def test_a_group_that_is_not_there_and_one_that_is_an_array(tmp_path):
    address = write_group(tmp_path, {"x": np.ones(3)})
    for name in ("nobody", "the clip/x"):
        with pytest.raises(FeatureError, match=f"there is no clip '{name}' in the file"):
            read_features(f"{file_of(address)}#{name}")


def test_a_file_that_is_written_anew_is_read_anew(tmp_path):
    address = write_group(tmp_path, {"x": np.ones(3)})
    assert read_features(address).sum() == 3
    (tmp_path / "all.hdf5").unlink()
    write_group(tmp_path, {"x": np.full((2, 3), 2)})
    assert read_features(address).sum() == 12


def test_the_digest_is_of_the_arrays_whatever_holds_them(tmp_path):
    arrays = {"b": np.arange(4, dtype="f4"), "a": np.ones((2, 3), "f2")}
    told = {name: digest(form(tmp_path, arrays)) for name, form in FORMS.items()}
    assert len(set(told.values())) == 1
    backwards = {key: np.asfortranarray(arrays[key]).astype(arrays[key].dtype.newbyteorder(">")) for key in "ab"}
    assert digest(write_npz(tmp_path, backwards)) == told["npz"]
    for changed in (
        arrays | {"a": np.ones((3, 2), "f2")}, arrays | {"a": np.ones((2, 3), "f4")}, {"b": arrays["b"]},
        {"c": arrays["b"], "a": arrays["a"]}, arrays | {"b": arrays["b"] + 1},
    ):  # fmt: skip
        assert digest(write_npz(tmp_path, changed)) != told["npz"]


def test_a_digest_that_is_kept_is_taken_and_another_is_made(tmp_path):
    address = write_group(tmp_path, {"x": np.ones(3)})
    made, kept = digest(address), hashlib.sha256(b"kept").hexdigest()
    for stored, expected in ((kept, kept), ("no digest", made), (7, made)):
        os.unlink(file_of(address))  # another file: one that is open for reading is not written to
        write_group(tmp_path, {"x": np.ones(3)})
        with h5py.File(file_of(address), "a") as file:
            file["the clip"].attrs["sha256"] = stored
        assert digest(address) == expected


@pytest.mark.parametrize(
    "clip_id",
    ["a", "tt/001", "50%", "%2F", ".", "..", "a#b", "x.h5#y", "Größe 映画", " ", "a\nb", "\r", "a|b", "\ud800"],
)
def test_any_text_names_a_group_and_comes_back(tmp_path, clip_id):
    name = group_name(clip_id)
    with h5py.File(tmp_path / "all.h5", "w") as file:
        file.create_group(name)["x"] = np.arange(3)
    address = f"{tmp_path}/all.h5#{name}"
    assert split_address(address) == (f"{tmp_path}/all.h5", name)
    assert "\n" not in address
    assert "/" not in name
    if clip_id != "\ud800":  # no text of a file: it comes back as what stands for it
        assert name_of(address) == clip_id
    assert read_features(address).shape == (1, 3)


def test_names_of_groups_differ_where_ids_do():
    ids = ["a/b", "a%2Fb", "a%252Fb", "a.b", ".", "%2E", "..", "a\nb", "a%0Ab"]
    assert len({group_name(clip_id) for clip_id in ids}) == len(ids)


@pytest.mark.parametrize("path", ["a/b.npz", "b#c.npz", "#x/y.wav", "a.h5", "a.h5#"])
def test_other_paths_are_files(path):
    assert split_address(path) == (path, "")


def test_the_arrays_of_a_npz_are_not_read_for_their_shapes(tmp_path):
    """The bytes of an array are damaged: its header is whole, its checksum is wrong."""
    np.savez(tmp_path / "a.npz", x=np.ones((50, 40)))
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        start = archive.infolist()[0].header_offset + 2000
    with open(tmp_path / "a.npz", "r+b") as file:
        file.seek(start)
        file.write(b"damaged")
    assert keys_of(f"{tmp_path}/a.npz") == {"x": (50, 40)}
    with pytest.raises(FeatureError, match="CRC"):
        read_features(f"{tmp_path}/a.npz")
