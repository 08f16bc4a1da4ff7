"""Label files as they come: each is read right, or refused in one sentence that says what is wrong and where."""

import pytest

from benchmark.config.study import DatasetParams
from benchmark.data.clips import find_clips
from benchmark.errors import StudyError
from tests.support.clip_tables import put

NAMES = "abcd"
RIGHT = {"a": {"x", "y"}, "b": {"x"}, "c": {"y"}, "d": set()}
PLAIN = "path,labels\na.wav,x|y\nb.wav,x\nc.wav,y\nd.wav,\n"
HOT = "path,x,y\na.wav,1,1\nb.wav,1,0\nc.wav,0,1\nd.wav,0,0\n"
LISTED = "path,labels\na.wav,\"['x', 'y']\"\nb.wav,['x']\nc.wav,['y']\nd.wav,[]\n"


def rows(*cells, header="path,labels"):
    return header + "\n" + "".join(f"{name}.wav,{cell}\n" for name, cell in zip(NAMES, cells, strict=False))


FILES = {  # what it is: (the bytes or text, the labels of each clip or what the sentence says)
    "plain": (PLAIN, RIGHT),
    "lines of Windows": (PLAIN.replace("\n", "\r\n"), RIGHT),
    "lines of the first Macs": (PLAIN.replace("\n", "\r"), RIGHT),
    "no line end at the end": (PLAIN.rstrip("\n"), RIGHT),
    "byte order mark": (PLAIN.encode("utf-8-sig"), RIGHT),
    "UTF-16": (PLAIN.encode("utf-16"), RIGHT),
    "UTF-16 without its mark": (PLAIN.encode("utf-16-le"), "holds bytes of 0"),
    "semicolons": (PLAIN.replace(",", ";"), RIGHT),
    "semicolons and lists": (LISTED.replace("'x', 'y'", "#").replace(",", ";").replace("#", "'x', 'y'"), RIGHT),
    "tabs": (PLAIN.replace(",", "\t"), RIGHT),
    "bars between columns and labels": (PLAIN.replace(",", "|"), r"line 2: 3 cells under 2 names"),
    "lists": (LISTED, RIGHT),
    "columns of 0 and 1": (HOT, RIGHT),
    "columns in another order": ("y,path,x\n1,a.wav,1\n0,b.wav,1\n1,c.wav,0\n0,d.wav,0\n", RIGHT),
    "the index of pandas": (",path,x,y\n0,a.wav,1,1\n1,b.wav,1,0\n2,c.wav,0,1\n3,d.wav,0,0\n", RIGHT),
    "an index that is 0 and 1": (",path,x,y\n0,a.wav,1,0\n1,b.wav,0,1\n", {"a": {"x"}, "b": {"y"}}),
    "blank lines": (PLAIN.replace("\n", "\n\n"), RIGHT),
    "names in capitals": (PLAIN.replace("path,labels", "PATH,Labels"), RIGHT),
    "blanks in the header": (PLAIN.replace("path,labels", " path , labels "), RIGHT),
    "blanks around bars": (PLAIN.replace("x|y", " x |  y "), RIGHT),
    "a bar too many": (PLAIN.replace("x|y", "|x||y|"), RIGHT),
    "a bar alone": (PLAIN.replace("d.wav,", "d.wav,|"), RIGHT),
    "a class twice in a cell": (PLAIN.replace("x|y", "x|y|x"), RIGHT),
    "a row twice": (PLAIN + "b.wav,x\n", RIGHT),
    "a row twice, its labels turned round": (PLAIN + "a.wav,y|x\n", RIGHT),
    "numbers as classes": (rows("1|2", "1", "2"), {"a": {"1", "2"}, "b": {"1"}, "c": {"2"}}),
    "a class like Python": (rows("x|None", "True"), {"a": {"x", "None"}, "b": {"True"}}),
    "a formula": (rows("=1+1|x", "x"), {"a": {"=1+1", "x"}, "b": {"x"}}),
    "other alphabets": (rows("動作|Комедия", "🎬"), {"a": {"動作", "Комедия"}, "b": {"🎬"}}),
    "5,000 classes": (
        rows("|".join(f"c{n}" for n in range(5000)), "c0"), {"a": {f"c{n}" for n in range(5000)}, "b": {"c0"}}
    ),
    "empty": ("", "no column path and label; its columns: \\[\\]"),
    "header alone": ("path,labels\n", "no row below its header"),
    "one column": ("path\na.wav\nb.wav\n", "no column label; its columns: \\['path'\\]"),
    "no header": ("a.wav,x\nb.wav,y\n", "no column path and label; its columns"),
    "no column of paths": ("file,labels\na.wav,x\n", "no column path; its columns"),
    "a row too long": (PLAIN.replace("b.wav,x", "b.wav,x,y"), "line 3: 3 cells under 2 names"),
    "a quote that never ends": (PLAIN.replace("b.wav,x", 'b.wav,"x'), "cannot be read as a CSV"),
    "no clip has a label": (rows("", "", "", ""), "no clip with a label; at least two classes"),
    "one class": (rows("x", "x", ""), "one class only, 'x'"),
    "ids twice, with other labels": (PLAIN + "a.wav,y\n", r"lines 2 and 6: a\.wav is listed as 'x\|y' and as 'y'"),
    "label and labels": ("path,label,labels\na.wav,x,y\nb.wav,y,x\n", "columns label and labels; say which"),
    "a class in two cases": (rows("Drama|x", "drama"), "'Drama' and 'drama' of .* differ in case"),
    "a class with a bar in a list": (rows("\"['x|y']\"", "x"), r"line 2: the class 'x\|y' has a '\|' in its name"),
    "a class with a bar in a header": (HOT.replace(",y", ",x|y"), r"the class 'x\|y' of .* has a '\|' in its name"),
    "a list without its end": (rows("\"['x', 'y'\"", "['x']"), "line 2: the label begins like a list"),
    "a list without quotes": (rows('"[\'x\', y]"', "['x']"), "line 2: the label begins like a list"),
    "a list as NumPy prints it": (rows("['x' 'y']", "['x']"), "line 2: the label begins like a list"),
    "a list with nothing in a place": (rows('"[""x"", null]"', "['x']"), "line 2: a list of labels must hold names"),
    "a list of dicts": (rows("\"[{'id': 1, 'name': 'x'}]\"", "[]"), "line 2: a list of labels must hold names"),
    "a column of 0, 1 and 2": (HOT.replace("0,1", "0,2"), "line 4: column 'y' must be 0 or 1.*got '2'"),
    "a blank among 0 and 1": (HOT.replace("0,1", "0,"), "line 4: column 'y' must be 0 or 1.*got ''"),
    "NaN among 0 and 1": (HOT.replace("0,1", "0,NaN"), "line 4: column 'y' must be 0 or 1.*got 'NaN'"),
    "one column of 0 and 1": ("path,x\na.wav,1\nb.wav,0\n", "no column label"),
    "a list and columns that disagree": (
        "path,labels,x,y\na.wav,\"['x', 'y']\",1,1\nb.wav,['x'],0,1\n",
        r"line 3: the labels are \['x'\] by the column of text, \['y'\] by those of 0 and 1, and so in 1 of 2 rows",
    ),
    "a row without a file": (PLAIN + "e.wav,x\n", "line 6: no such file"),
    "a blank path": (PLAIN + ",x\n", "line 6: the path is blank"),
    "a label of two lines": (PLAIN.replace("b.wav,x", 'b.wav,"x\nz"'), "line 3: the label cannot be printed"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "bytes of 0"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    for name in NAMES:
        put(tmp_path_factory.getbasetemp() / "odd" / f"{name}.wav", name.encode())
    return tmp_path_factory.getbasetemp() / "odd"


@pytest.mark.parametrize("what", FILES)
def test_an_odd_file_is_read_right_or_refused_in_one_sentence(folder, tmp_path, what):
    content, expected = FILES[what]
    table = put(folder / "labels.csv", content if isinstance(content, bytes) else content.encode())
    if isinstance(expected, str):
        with pytest.raises(StudyError, match=expected) as caught:
            find_clips(DatasetParams(root=table), tmp_path, task="multilabel")
        assert "\n" not in str(caught.value)
        assert str(table) in str(caught.value)
        return
    clips, _ = find_clips(DatasetParams(root=table), tmp_path, task="multilabel")
    found = {name: set(label.split("|")) - {""} for name, label in zip(clips["clip_id"], clips["label"], strict=True)}
    assert found == expected
