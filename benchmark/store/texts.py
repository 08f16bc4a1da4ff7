"""The words of a study's clips: results/<study>/texts/<feature>.json, {clip_id: transcript}, for readers of results."""

import json
from pathlib import Path

from benchmark.store.layout import TEXTS
from spectrograms.files import write_text


def write_texts(study, feature, transcripts):
    """Write the transcripts {clip_id: JSON} that a feature was made of into a study's folder, whole or not at all."""
    folder = Path(study) / TEXTS
    folder.mkdir(parents=True, exist_ok=True)
    found = {clip_id: json.loads(text) for clip_id, text in transcripts.items()}
    write_text(folder / f"{feature}.json", json.dumps(found, ensure_ascii=False, indent=1))


def read_texts(study):
    """Return {feature: {clip_id: [(start in seconds, text) of each utterance]}} of a study's folder.

    A file that is none of :func:`write_texts` is left out."""
    found = {}
    for file in sorted((Path(study) / TEXTS).glob("*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            found[file.stem] = {
                clip_id: [(float(each["start"]), str(each["text"])) for each in transcript["utterances"]]
                for clip_id, transcript in content.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue
    return found
