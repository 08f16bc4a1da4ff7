"""Facts about lists of clips: what Excel and well-known data sets write is read, what cannot be meant is refused."""

import csv
import io
import re

import pandas as pd
import pytest

from benchmark.config.study import DatasetParams
from benchmark.data.clips import find_clips
from benchmark.data.delimited import read_table
from benchmark.errors import StudyError
from tests.support.clip_tables import put

ROWS = [("sounds/a.wav", "Größe, klein"), ("sounds/b.wav", 'say "no";'), ("sounds/c.wav", "two\nlines"), ("d.wav", "x")]


def text(delimiter, rows=ROWS, end="\r\n"):
    """Return a CSV as Python's own writer makes it."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows([("path", "label"), *rows])
    return out.getvalue()


FORMS = {  # what Excel and others write: name of the form, the bytes
    "comma": text(",").encode(),
    "comma, lines of Unix": text(",", end="\n").encode(),
    "CSV UTF-8 of Excel": text(",").encode("utf-8-sig"),
    "semicolon": text(";").encode(),
    "semicolon and byte order mark": text(";").encode("utf-8-sig"),
    "sep line": ("sep=;\r\n" + text(";")).encode(),
    "sep line and byte order mark": ("sep=;\r\n" + text(";")).encode("utf-8-sig"),
    "sep line of another mark": ("sep=#\r\n" + text("#")).encode(),
    "Unicode text of Excel": text("\t").encode("utf-16"),
    "big-endian": b"\xfe\xff" + text("\t").encode("utf-16-be"),
    "UTF-32": text(",").encode("utf-32"),
    "code page 1252": text(";").encode("cp1252"),
    "bar": text("|").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_table_gives_the_same_rows(tmp_path, form):
    table = read_table(put(tmp_path / "t.csv", FORMS[form]), ["path", "label"])
    assert table.header == ["path", "label"]
    assert [tuple(cells) for _, cells in table.rows] == ROWS
    assert bool(table.notes) == (form == "code page 1252")


@pytest.mark.parametrize("form", ["comma", "semicolon", "CSV UTF-8 of Excel", "Unicode text of Excel"])
def test_pandas_with_sniffer_reads_the_same(tmp_path, form):
    """csv.Sniffer, which pandas uses for sep=None, is another program that guesses (of the form 'bar': an l)."""
    content = FORMS[form]
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    told = pd.read_csv(io.BytesIO(content), sep=None, engine="python", encoding=encoding)
    table = read_table(put(tmp_path / "t.csv", content), ["path", "label"])
    assert [tuple(cells) for _, cells in table.rows] == list(told.itertuples(index=False, name=None))


def test_the_delimiter_is_the_one_with_which_the_names_are_found(tmp_path):
    """A sniffer that counts would take the comma here: there are more of them."""
    table = read_table(put(tmp_path / "t.csv", b"path;label\na.wav;x,y,z\nb.wav;u,v,w\n"), ["path", "label"])
    assert [cells for _, cells in table.rows] == [["a.wav", "x,y,z"], ["b.wav", "u,v,w"]]


def test_a_line_is_counted_from_where_its_row_begins(tmp_path):
    content = b'sep=,\npath,label\na.wav,"two\nlines"\n\nb.wav,x\n'
    assert [line for line, _ in read_table(put(tmp_path / "t.csv", content), ["path"]).rows] == [3, 6]


def test_empty_lines_of_any_width_are_passed_over(tmp_path):
    content = b"path;label;group\na.wav;x;1\n;;\n;;;;;\n\nb.wav;y;2\n"
    assert len(read_table(put(tmp_path / "t.csv", content), ["path"]).rows) == 2


@pytest.mark.parametrize("row", ["a.wav,Action,Thriller,g1", "a.wav,Action", "a.wav"])
def test_rows_of_another_width_than_the_header_name_the_first_such_line(tmp_path, row):
    content = "path,label,group\nb.wav,Drama,g\n" + row + "\nc.wav\n"
    with pytest.raises(StudyError, match=rf"line 3: {row.count(',') + 1} cells under 3 names.*got {row}\. .*quotes"):
        read_table(put(tmp_path / "t.csv", content.encode()), ["path", "label"])


@pytest.mark.parametrize("encoding", ["cp1251", "cp1253", "gbk", "shift_jis"])
def test_what_is_no_western_text_is_not_guessed(tmp_path, encoding):
    words = {"cp1251": "Разговор", "cp1253": "Μουσική", "gbk": "音乐声音", "shift_jis": "会話の音"}
    file = put(tmp_path / "t.csv", f"path,label\na.wav,{words[encoding]}\n".encode(encoding))
    with pytest.raises(StudyError, match=r"not in UTF-8, from line 2 on; .*dataset\.encoding"):
        read_table(file, ["path"])
    assert read_table(file, ["path"], encoding).rows == [(2, ["a.wav", words[encoding]])]
    with pytest.raises(StudyError, match="cannot be read as ascii"):
        read_table(file, ["path"], "ascii")
    with pytest.raises(StudyError, match="cannot be read as klingon"):
        read_table(file, ["path"], "klingon")


def test_a_guess_shows_how_it_read_the_first_line_that_tells(tmp_path):
    file = put(tmp_path / "t.csv", "path,label\na.wav,plain\nb.wav,Ärger\n".encode("cp1252"))
    (note,) = read_table(file, ["path"]).notes
    assert "read as cp1252, line 3 is: b.wav,Ärger" in note
    assert "dataset.encoding" in note


def found(root, tmp_path, **params):
    return find_clips(DatasetParams(root=root, **params), tmp_path / "cache")[0]


@pytest.fixture
def sounds(tmp_path):
    for name in ("a.wav", "b.wav", "c.wav"):
        put(tmp_path / "data" / "sounds" / name, name.encode())
    return tmp_path / "data"


def test_columns_that_differ_in_case_only_are_an_error_unless_one_is_named(sounds, tmp_path):
    table = put(sounds / "t.csv", b"path,label,Label\nsounds/a.wav,x,even\nsounds/b.wav,y,odd\n")
    with pytest.raises(StudyError, match=r"columns 'label' and 'Label'.*dataset\.columns: \{label: Label\}"):
        found(table, tmp_path)
    assert found(table, tmp_path, columns={"label": "Label"})["label"].tolist() == ["even", "odd"]
    table = put(sounds / "t.csv", b"path,label,label\nsounds/a.wav,x,even\nsounds/b.wav,y,odd\n")
    with pytest.raises(StudyError, match="columns 'label' and 'label'"):
        found(table, tmp_path, columns={"label": "label"})


def test_the_table_of_esc50_is_read_by_a_mapping(tmp_path):
    """Columns as in github.com/karoldvl/ESC-50, meta/esc50.csv; files in audio/."""
    names = {"1-100032-A-0.wav": "dog", "1-100038-A-14.wav": "chirping_birds", "2-100032-B-0.wav": "dog"}
    for name in names:
        put(tmp_path / "ESC-50" / "audio" / name, name.encode())
    rows = [f"{name},{name[0]},0,{label},True,{name.split('-')[1]},A" for name, label in names.items()]
    table = put(
        tmp_path / "ESC-50" / "meta" / "esc50.csv",
        "\n".join(["filename,fold,target,category,esc10,src_file,take", *rows]).encode(),
    )
    columns = {"path": "filename", "label": "category", "group": "src_file"}
    clips = found(table, tmp_path, columns=columns, folder=tmp_path / "ESC-50" / "audio")
    assert dict(zip(clips["clip_id"], clips["label"], strict=True)) == {name[:-4]: x for name, x in names.items()}
    assert clips.groupby("group")["clip_id"].nunique().to_dict() == {"100032": 2, "100038": 1}


URBAN = "slice_file_name,fsID,start,end,salience,fold,classID,class\n"


@pytest.mark.parametrize("path", ["slice_file_name", "audio/fold{fold}/{slice_file_name}"])
def test_the_table_of_urbansound8k_is_read_by_searching_and_by_a_template(tmp_path, path):
    """Columns as in UrbanSound8K/metadata/UrbanSound8K.csv; files in audio/fold1/ to audio/fold10/."""
    root = tmp_path / "UrbanSound8K"
    for fold, name in ((5, "100032-3-0-0.wav"), (10, "100263-2-0-117.wav")):
        put(root / "audio" / f"fold{fold}" / name, name.encode())
    content = (
        URBAN + "100032-3-0-0.wav,100032,0.0,0.3,1,5,3,dog_bark\n100263-2-0-117.wav,100263,58.5,62.5,1,10,2,children\n"
    )
    table = put(root / "metadata" / "UrbanSound8K.csv", content.encode())
    clips = found(table, tmp_path, columns={"path": path, "label": "class", "group": "fsID"}, folder=root)
    assert [re.sub(r".*/audio/", "", place) for place in clips["path"]] == [
        "fold10/100263-2-0-117.wav",
        "fold5/100032-3-0-0.wav",
    ]
    assert clips["group"].tolist() == ["100263", "100032"]


def test_a_name_that_lies_twice_below_the_folder_is_an_error(tmp_path):
    for fold in (1, 2):
        put(tmp_path / "data" / f"fold{fold}" / "a.wav", str(fold).encode())
    table = put(tmp_path / "t.csv", b"path,label,fold\na.wav,x,1\na.wav,y,2\n")
    with pytest.raises(StudyError, match=r"line 2: 'a\.wav' lies 2 times below .*fold1/a\.wav and .*template"):
        found(table, tmp_path, folder=tmp_path / "data")
    clips = found(table, tmp_path, folder=tmp_path / "data", columns={"path": "fold{fold}/{path}"})
    assert clips["label"].tolist() == ["x", "y"]


def test_a_file_in_another_folder_than_the_one_given_is_not_taken_for_it(tmp_path):
    put(tmp_path / "data" / "test" / "a.wav")
    table = put(tmp_path / "t.csv", b"path,label\ntrain/a.wav,x\n")
    with pytest.raises(StudyError, match="line 2: no such file"):
        found(table, tmp_path, folder=tmp_path / "data")


def test_numbers_are_filled_up_with_zeros_and_splits_go_by_their_usual_names(tmp_path):
    """As in FMA, where track 2 is fma_small/000/000002.mp3 and the column split says training, validation or test."""
    for number in (2, 134, 1000):
        put(tmp_path / "fma" / f"{number // 1000:03}" / f"{number:06}.mp3", str(number).encode())
    content = b"track_id,split,genre_top\n2,training,Hip-Hop\n134,Validation,Rock\n1000,test,Rock\n"
    table = put(tmp_path / "tracks.csv", content)
    columns = {"path": "{track_id:06}.mp3", "label": "genre_top"}
    clips = found(table, tmp_path, columns=columns, folder=tmp_path / "fma")
    assert dict(zip(clips["clip_id"], clips["split"], strict=True)) == {
        "000002": "train", "000134": "val", "001000": "test"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": "genre"}, "no column genre; its columns"),
        ({"group": "take"}, "no column take"),
        ({"path": "fold{fold}/{name}"}, "no column fold and name"),
    ],
)
def test_a_mapped_column_that_is_not_there_is_named(sounds, tmp_path, columns, message):
    table = put(sounds / "t.csv", b"path,label\nsounds/a.wav,x\nsounds/b.wav,y\n")
    with pytest.raises(StudyError, match=message):
        found(table, tmp_path, columns=columns)


def test_a_cell_may_begin_at_home(sounds, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(sounds))
    table = put(tmp_path / "lists" / "t.csv", b"path,label\n~/sounds/a.wav,x\n~/sounds/b.wav,y\n")
    assert found(table, tmp_path)["path"].tolist() == [str(sounds / "sounds" / name) for name in ("a.wav", "b.wav")]
