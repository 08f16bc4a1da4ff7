"""A finished trial as something that scores new files."""

import json
from pathlib import Path

from pydantic import ValidationError

from benchmark.config import StudyError
from benchmark.sections import NetworkParams, Study

PARTS = {"model.keras": "model", "head.keras": "head"}  # file of a trial: part of the assembly whose weights it holds


def check_trial(folder):
    """Return trial.json of a finished trial with a saved model; raise :class:`StudyError` where it is none."""
    folder = Path(folder)
    try:
        record = json.loads((folder / "trial.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        near = sorted(path.parent for path in folder.glob("**/trial.json"))
        hint = f"; did you mean {near[0]}?" if near else ""
        raise StudyError(
            f"{folder} is no trial's folder: trial.json: {getattr(error, 'strerror', error)}{hint}"
        ) from None
    if record.get("status") != "done":
        raise StudyError(f"{folder}: the trial failed ({record.get('error')}), so there is no model")
    if not any((folder / name).exists() for name in PARTS):
        raise StudyError(f"{folder} has no saved model; run the study with training.save: model")
    return record


class Predictor:
    """The model of a trial's folder, rebuilt from its settings; only weights are read from its saved model.

    Files go the way that the training clips went: the same seconds, spectrogram, picture and size."""

    def __init__(self, folder, record):
        from benchmark.models.weights import WeightsError, load_file
        from benchmark.training.extractors import assemble
        from benchmark.training.fit import precision

        self.classes = record["classes"]
        study, network = _settings(folder, record)
        file, part = next((file, part) for file, part in PARTS.items() if (Path(folder) / file).exists())
        try:
            with precision("off"):
                self.assembly = assemble(network, study, len(self.classes), record["seed"], load=part == "head")
            load_file(getattr(self.assembly, part), Path(folder) / file)
        except WeightsError as error:
            raise StudyError(f"{folder}: {error}") from None
        if part == "head" and self.assembly.extractor.weights["sha256"] != record["weights"]["sha256"]:
            raise StudyError(f"{folder}: the head was trained on other weights of {network.label} than are found now")

    def predict(self, path):
        """Return {file, predicted, scores, error} of one file; a bad file has an error and no scores."""
        from spectrograms.audio import AudioError
        from spectrograms.image import ImageError

        try:
            scores = self.assembly.score(self.assembly.extractor.read(path))
        except (AudioError, ImageError, OSError) as error:
            return {"file": str(path), "predicted": None, "scores": None, "error": str(error)}
        named = {name: round(float(score), 4) for name, score in zip(self.classes, scores, strict=True)}
        return {"file": str(path), "predicted": max(named, key=named.get), "scores": named, "error": None}


def _settings(folder, record):
    """Return (study, network) as trial.json has them."""
    try:
        settings = dict(record["settings"])
        network = NetworkParams.model_validate(settings.pop("model"))
        return Study.model_validate(settings | {"models": [network]}), network
    except (ValidationError, KeyError, TypeError) as error:
        raise StudyError(f"{folder}: trial.json does not hold the settings of a trial: {error}") from None


def print_scores(rows):
    """Print a line per file: the predicted class, then all scores, best first."""
    for row in rows:
        if row["error"]:
            print(f"{row['file']}: {row['error']}")
            continue
        ranked = sorted(row["scores"].items(), key=lambda item: -item[1])
        print(f"{row['file']}: {row['predicted']}  ({', '.join(f'{name} {score:.3f}' for name, score in ranked)})")
