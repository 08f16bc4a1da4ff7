"""Transcripts as JSON, and where they are kept."""

import json

import pytest

from benchmark.config.texts import TextParams
from benchmark.texts.kept import read_transcript, transcript_folder, write_transcript
from benchmark.texts.transcript import Transcript, Utterance

SAID = Transcript((Utterance(0.5, 1.25, "Wo bist «du», Zoë?", 0.875), Utterance(2.0, 2.0, "hier", 1.0)), "de", "soft")
NOTHING = Transcript((), "", "")


@pytest.mark.parametrize("transcript", [SAID, NOTHING])
def test_a_transcript_comes_back_from_its_file(transcript, tmp_path):
    path = tmp_path / "texts" / "key" / "digest.json"
    write_transcript(transcript, path)
    assert read_transcript(path) == transcript
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["digest.json"]


def test_the_file_is_plain_json_with_times():
    content = json.loads(SAID.to_json())
    assert content["utterances"][0] == {"start": 0.5, "end": 1.25, "text": "Wo bist «du», Zoë?", "confidence": 0.875}
    assert (content["language"], content["caveat"]) == ("de", "soft")
    assert SAID.text == "Wo bist «du», Zoë? hier"


@pytest.mark.parametrize("text", ["", "[]", "{}", SAID.to_json()[:-20], '{"utterances": [{"start": 1}]}', '"x"', "3"])
def test_a_damaged_file_is_none(text, tmp_path):
    (tmp_path / "x.json").write_text(text)
    assert read_transcript(tmp_path / "x.json") is None
    assert read_transcript(tmp_path / "absent.json") is None


def test_the_folder_stands_for_all_that_shapes_a_transcript(tmp_path, monkeypatch):
    params = TextParams(recogniser="pocketsphinx")
    usual = transcript_folder(tmp_path, params, {"duration": 30})
    assert usual.parent == tmp_path / "texts"
    assert usual == transcript_folder(tmp_path, TextParams(recogniser="pocketsphinx", per="clip"), {"duration": 30})
    louder = TextParams(recogniser="pocketsphinx", loudness=-20)
    others = [
        transcript_folder(tmp_path, louder, {"duration": 30}),
        transcript_folder(tmp_path, params, {"duration": 31}),
        transcript_folder(tmp_path, params, {"duration": 30}, "00ff"),
    ]
    monkeypatch.setattr("benchmark.texts.kept._installed", lambda package: "99.0")
    others.append(transcript_folder(tmp_path, params, {"duration": 30}))
    monkeypatch.setattr("benchmark.texts.kept._room_code", lambda: "other code")
    others.append(transcript_folder(tmp_path, params, {"duration": 30}))
    assert len({usual, *others}) == 6
