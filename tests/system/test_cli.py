"""The command line: every mistake of a user is one readable message and exit code 2, and nothing is half-written."""

import json
import os
import shutil

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.support.fake_results import build_results
from tests.support.sources import ROOT, python
from tests.support.studies import NETWORK
from tests.support.studies_of_sound import write_sound
from tests.support.study_files import write_study


@pytest.fixture
def sounds(tmp_path):
    """Two classes of ten short recordings."""
    write_sound(tmp_path / "sounds", (("high", 2000), ("low", 200)), 10)
    return tmp_path / "sounds"


def study(folder, **changes):
    return write_study(folder, "sounds", **{"clip": {"duration": 1.0}} | changes)


def silence(folder):
    for file in (folder / "sounds").glob("*/*.wav"):
        soundfile.write(file, np.zeros(16000), 16000)


def csv(text):
    return lambda folder: (folder / "clips.csv").write_text(text)


OF_CSV = {"dataset": {"root": "clips.csv"}}
BAD = {  # what is wrong: changes to the study, further arguments, words of the message, what is done to the folder
    "unknown key": ({"mel": {"hop_lenght": 1}}, [], "did you mean 'hop_length'"),
    "missing folder": ({"dataset": {"root": "nowhere"}}, [], "does not exist"),
    "no such weights": ({"models": [{"extends": "vgg16", "weights": "no.h5"}]}, [], "no weights at no.h5"),
    "csv missing": (OF_CSV, [], "no CSV clips.csv"),
    "csv without label": (OF_CSV, [], "label", csv("path,genre\na.wav,x\n")),
    "csv with a missing file": (OF_CSV, [], "gone.wav", csv("path,label\nsounds/gone.wav,x\n")),
    "one class only": ({}, [], "one class only, 'high'", lambda folder: shutil.rmtree(folder / "sounds" / "low")),
    "an empty class": ({}, [], "no audio in the class folder", lambda folder: (folder / "sounds" / "no").mkdir()),
    "all silent": ({}, [], "silent", silence),
    "results is a file": ({}, [], "results", lambda folder: (folder / "results").write_text("")),
    "pictures are no sound": ({"dataset": {"root": "sounds", "kind": "images"}}, [], "is dataset.kind: audio meant?"),
    "wrong --set": ({}, ["--set", "epochs"], "--set takes key=value"),
    "wrong --only": ({}, ["--only", "vgg16"], "no such model"),
    "too few clips": ({"split": {"fractions": [0.98, 0.01, 0.01]}}, [], "high"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_message_exit_code_2_and_leaves_nothing(command, sounds, tmp_path, what):
    changes, arguments, words, *spoil = BAD[what]
    for change in spoil:
        change(tmp_path)
    code, out, err = command("run", study(tmp_path, **changes), *arguments)
    assert code == 2, out + err
    assert words in err
    assert err.startswith("error: ")
    assert "Traceback" not in out + err
    assert not (tmp_path / "results").is_dir()


def test_check_shows_clips_per_class_and_split_and_what_would_run(command, sounds, tmp_path):
    (sounds / "low" / "bad.wav").write_text("no sound")
    code, out, _ = command("check", study(tmp_path, split={"seeds": [0, 1]}), "--offline")
    assert code == 0
    counts = [line.split() for line in out.splitlines() if line.startswith(("high", "low"))]
    assert counts == [["high", "7", "1", "2"], ["low", "7", "1", "2"]]
    assert "bad.wav: " in out
    assert "2 trials: mobilenet_v2" in out
    assert not (tmp_path / "results").exists()


def test_check_names_every_wrong_network_and_exits_1_where_some_are_right(command, sounds, tmp_path):
    wrong = [{"extends": "vgg16", "weights": "no.h5"}, {"extends": "vgg19", "weights": "no.h5", "layer": "fc9"}]
    code, out, err = command("check", study(tmp_path, models=[NETWORK, *wrong]))
    assert code == 1, err
    for name in ("vgg16", "vgg19"):
        assert f"trials of {name} will fail: no weights at no.h5" in out
    assert "trials of vgg19 will fail: vgg19 has no layer 'fc9'" in out
    assert "trials of small" not in out
    assert "2 of 3 networks would fail" in err


def test_check_of_wrong_networks_alone_says_so_first_shows_the_data_and_exits_2(command, sounds, tmp_path):
    wrong = [{"extends": "vgg16", "weights": "no.h5"}, {"extends": "vgg19", "backbone": "nobody:knows"}]
    code, out, err = command("check", study(tmp_path, models=wrong))
    assert code == 2
    assert err.splitlines()[0] == "error: no network of the study can be run"
    assert [line.partition(" will fail")[0] for line in err.splitlines()[1:]] == ["trials of vgg16", "trials of vgg19"]
    assert out.index("no network of the study can be run") < out.index("rendered") < out.index("20 clips in")


def test_a_run_with_a_wrong_network_does_the_rest_and_exits_1(command, sounds, tmp_path):
    quick = {"training": {"epochs": 1, "save": "none"}, "latency": {"calls": 1, "seconds": 0, "batch": None}}
    path = study(tmp_path, models=[{"extends": "vgg16", "weights": "no.h5"}, NETWORK], **quick)
    code, out, err = command("run", path)
    assert code == 1, err
    assert "Failed: VGG-16: no weights at no.h5" in " ".join(out.split())
    assert "1 of 2 trials failed" in err
    statuses = {path.parent.parent.name: json.loads(path.read_text())["status"]
                for path in (tmp_path / "results" / "study").glob("trials/*/*/trial.json")}  # fmt: skip
    assert statuses == {"vgg16": "failed", "small": "done"}
    code, out, _ = command("run", path, "--only", "small")
    assert code == 0
    assert "done before, kept" in out


def test_a_report_of_failed_trials_prints_cleanly(command, tmp_path):
    names = ("vgg16", "yamnet")
    build_results(tmp_path / "failed", models=names, folds=1, failed=names)
    code, out, err = command("report", "failed")
    assert (code, err) == (0, "")
    assert "nan" not in out
    assert out.count("out of memory: 512 MiB") == 2
    assert (tmp_path / "failed" / "comparison.md").read_text().count("| failed |") == 2
    assert not list((tmp_path / "failed" / "figures").glob("*.png"))


def test_render_writes_a_picture_a_clip_and_then_none(command, sounds, tmp_path):
    path = study(tmp_path)
    assert "20 pictures rendered" in command("render", path)[1]
    assert "0 pictures rendered, 20 from" in command("render", path)[1]
    pictures = sorted((tmp_path / "cache").glob("images/*/*/*.png"))
    assert len(pictures) == 20
    assert Image.open(pictures[0]).size == (44, 128)  # 1 + 22050 // 512 frames, 128 bands


def test_render_takes_files_without_labels(command, sounds, tmp_path):
    code, out, _ = command("render", study(tmp_path, dataset={"root": "sounds/low"}))
    assert code == 0
    assert "10 pictures rendered" in out


def test_audit_exits_1_where_a_row_is_impossible(command, tmp_path):
    code, out, _ = command("audit", "--size", "77", "--size", "153")
    assert code == 1
    assert "Inception-v3" in out
    (tmp_path / "mine.csv").write_text("row,class,precision,recall,f1,accuracy\nA,x,1,1,1,1\nA,y,1,1,1,1\n")
    assert command("audit", "mine.csv", "--up-to", "10")[0] == 0
    code, out, _ = command("audit", "wehrmann2017")  # of several labels
    assert (code, "looks swapped" in out) == (1, True)
    code, _, err = command("audit", "nowhere.csv")
    assert code == 2
    assert "nowhere.csv" in err


def test_an_interrupted_run_says_that_finished_trials_are_kept(command, sounds, tmp_path, monkeypatch):
    from benchmark.engines import schedule as engine

    def interrupt(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "run_all", interrupt)
    code, _, err = command("run", study(tmp_path, models=[{"extends": "mobilenet_v2", "weights": "random"}]))
    assert code == 130
    assert "finished trials are kept" in err


def test_a_backend_that_is_not_there_is_named(tmp_path, sounds):
    environment = {"KERAS_BACKEND": "theano", "PATH": ""}
    answer = python(ROOT / "run_benchmark.py", "run", study(tmp_path), cwd=tmp_path, env=environment)
    assert answer.returncode == 2
    assert "'theano'" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_output_that_cannot_show_a_character_gets_another_in_its_place(sounds, tmp_path):
    os.rename(sounds / "low", sounds / "высоко")
    path = study(tmp_path, models=[{"extends": "mobilenet_v2", "weights": "random", "input_size": 64}])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    environment["PYTHONIOENCODING"] = "ascii"
    answer = python(ROOT / "run_benchmark.py", "check", "--offline", path, cwd=tmp_path, env=environment)
    assert answer.returncode == 0, answer.stderr
    assert "Traceback" not in answer.stderr
    assert "?" * 6 in answer.stdout


def test_what_keras_json_says_of_arrays_changes_nothing(tmp_path):
    """As ~/.keras/keras.json is left by other programs and courses."""
    said = {"image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.1}
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(said))
    program = (
        "from benchmark.models.backend import import_keras\nimport_keras()\nimport keras\n"
        "print(keras.config.image_data_format(), keras.config.floatx(), keras.config.epsilon(), "
        "keras.layers.Conv2D(1, 3)(keras.KerasTensor((1, 8, 8, 3))).shape, keras.config.dtype_policy().name)"
    )
    answer = python("-c", program, env=os.environ | {"HOME": str(tmp_path)}, check=True)
    assert answer.stdout.split("\n")[0] == "channels_last float32 1e-07 (1, 6, 6, 1) float32"
