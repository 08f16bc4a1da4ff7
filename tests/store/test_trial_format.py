"""A trial.json of another format is refused in a sentence by whatever reads it, and its trial runs again."""

import json
from types import SimpleNamespace

import pytest

from benchmark.engines import schedule as engine
from benchmark.errors import StudyError
from benchmark.inference.predictor import check_trial
from benchmark.store.layout import FORMAT
from benchmark.store.results import read_results
from benchmark.trials.specification import Job
from tests.support.fake_results import build_results

SAID = {None: "without a format number", FORMAT + 1: f"in format {FORMAT + 1}"}


@pytest.fixture(params=SAID, ids=str)
def other(request, tmp_path):
    """Return a study's folder with one trial of another format, that trial's folder, and what is said of it."""
    study = build_results(tmp_path / "results")
    folder = next(path.parent for path in sorted(study.glob("trials/*/*/predictions.csv")))
    record = json.loads((folder / "trial.json").read_text()) | {"format": request.param, "settings": {"a": 1}}
    record = {key: value for key, value in record.items() if value is not None or key != "format"}
    (folder / "trial.json").write_text(json.dumps(record))
    (folder / "head.keras").write_text("")
    was = SAID[request.param]
    return study, folder, f"{folder.name}: trial.json was written {was}, and this version reads format 1"


def test_the_report_counts_it_as_failed_and_says_why(other):
    study, folder, said = other
    results = read_results(study)
    errors = [trial.error for trial in results.trials if (trial.model, trial.fold) == (folder.parent.name, 0)]
    assert said.split(": ", 1)[1] in errors[0]
    assert any(trial.done for trial in results.trials)


def test_predict_refuses_it_and_a_run_redoes_it(other):
    _, folder, said = other
    with pytest.raises(StudyError, match=said):
        check_trial(folder)
    done, why = engine.reusable(Job(None, SimpleNamespace(folder=lambda study: folder), None, None, []))
    assert done is None
    assert why.startswith("again, since")
    assert said.split(": ", 1)[1] in why
