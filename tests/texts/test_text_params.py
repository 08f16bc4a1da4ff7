"""The section text: what each recogniser reads, and what it cannot."""

import pytest

from benchmark.config.sections import read_section
from benchmark.config.texts import RECOGNISERS, TextParams
from benchmark.errors import StudyError
from benchmark.texts import recognise

MODEL = {"model": "somewhere"}


def given(recogniser, **settings):
    needs = MODEL if RECOGNISERS[recogniser].model_files else {}
    return {"recogniser": recogniser} | needs | settings


@pytest.mark.parametrize("recogniser", RECOGNISERS)
def test_every_recogniser_has_its_defaults_and_a_program(recogniser):
    params = read_section(TextParams, given(recogniser))
    assert {name: getattr(params, name) for name in RECOGNISERS[recogniser].settings} == (
        RECOGNISERS[recogniser].settings | (MODEL if RECOGNISERS[recogniser].model_files else {})
    )
    assert params.reads in ("screen_text", "speech")
    assert set(recognise.RECOGNISERS) == set(RECOGNISERS)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (given("rapidocr", loudness=-30), "loudness has no effect on recogniser: rapidocr, only on pocketsphinx or"),
        (given("pocketsphinx", language="de"), "language has no effect on recogniser: pocketsphinx"),
        (given("pocketsphinx", model="x"), "model has no effect"),
        (given("rapidocr", confidense=0.5), "did you mean 'confidence'"),
        (given("rapidocr", confidence=75), "confidence"),
        (given("faster_whisper", language="germ"), "a code that Whisper knows"),
        ({"recogniser": "faster_whisper"}, "faster_whisper needs a model"),
        ({"recogniser": "tesseract"}, "recogniser"),
        ({}, "recogniser"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(settings, says):
    with pytest.raises((StudyError, ValueError), match=says):
        read_section(TextParams, settings)


@pytest.mark.parametrize("recogniser", RECOGNISERS)
def test_every_setting_of_a_recogniser_shapes_its_transcripts_and_where_it_lies_does_not(recogniser):
    before = read_section(TextParams, given(recogniser)).of_transcript
    others = {"confidence": 0.9, "similarity": 0.5, "letters": 1, "missed": 3, "loudness": -20.0, "language": "de"}
    for name in RECOGNISERS[recogniser].settings:
        changed = given(recogniser) | {name: others.get(name, "elsewhere")}
        assert (read_section(TextParams, changed).of_transcript == before) == (name == "model")
    assert read_section(TextParams, given(recogniser, per="token")).of_transcript == before


@pytest.mark.parametrize("recogniser", RECOGNISERS)
def test_a_package_that_is_not_there_is_named_with_what_installs_it(recogniser, monkeypatch):
    monkeypatch.setattr("benchmark.texts.packages.find_spec", lambda name: None)
    row = RECOGNISERS[recogniser]
    says = f"needs the package {row.packages[0]}, which is not installed: pip install -r {row.requirements}"
    with pytest.raises(StudyError, match=says):
        recognise.check_recogniser(read_section(TextParams, given(recogniser)))


@pytest.mark.parametrize(
    ("files", "says"), [(None, "is not there"), ([], "has no model.bin"), (["model.bin", "config.json"], "tokenizer")]
)
def test_a_folder_without_a_model_is_told_and_nothing_is_fetched(files, says, tmp_path, monkeypatch, no_network):
    monkeypatch.setattr("benchmark.texts.packages.find_spec", lambda name: name)
    for name in files or []:
        (tmp_path / "model").mkdir(exist_ok=True)
        (tmp_path / "model" / name).touch()
    if files == []:
        (tmp_path / "model").mkdir()
    with pytest.raises(StudyError, match=says):
        recognise.check_recogniser(TextParams(recogniser="faster_whisper", model=str(tmp_path / "model")))
