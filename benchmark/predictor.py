"""A finished trial as something that scores new files."""

import json
from pathlib import Path

from pydantic import ValidationError

from benchmark.config import DatasetParams, NetworkParams, Study, StudyError


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
    if not (folder / "model.keras").exists():
        raise StudyError(f"{folder} has no model.keras; run the study with training.save_model: true")
    return record


class Predictor:
    """The model of a trial's folder, rebuilt from its settings; only weights are read from model.keras.

    Files go the way that the training clips went: the same seconds, spectrogram, picture and size."""

    def __init__(self, folder, record):
        from benchmark.models.weights import WeightsError, load_file
        from benchmark.training.extractors import assemble
        from benchmark.training.fit import precision

        self.classes = record["classes"]
        try:
            settings = record["settings"]
            self.network = NetworkParams.model_validate(settings["model"])
            sections = {key: value for key, value in settings.items() if key != "model"}
            study = Study.model_validate(sections | {"models": [self.network]})
        except (ValidationError, KeyError, TypeError) as error:
            raise StudyError(f"{folder}: trial.json does not hold the settings of a trial: {error}") from None
        dataset = DatasetParams(root=study.dataset.root, kind=study.dataset.kind)
        with precision("off"):
            study = study.model_copy(update={"dataset": dataset})
            self.assembly = assemble(self.network, study, len(self.classes), record["seed"], load=False)
        try:
            load_file(self.assembly.model, Path(folder) / "model.keras")
        except WeightsError as error:
            raise StudyError(str(error)) from None

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


def print_scores(rows):
    """Print a line per file: the predicted class, then all scores, best first."""
    for row in rows:
        if row["error"]:
            print(f"{row['file']}: {row['error']}")
            continue
        ranked = sorted(row["scores"].items(), key=lambda item: -item[1])
        print(f"{row['file']}: {row['predicted']}  ({', '.join(f'{name} {score:.3f}' for name, score in ranked)})")
