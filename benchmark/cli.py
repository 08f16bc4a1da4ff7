"""The command line. Heavy packages are imported by the commands that need them: --help and report start fast."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmark.backend import import_keras
from benchmark.config import StudyError, load_network, load_study, network_names

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

StudyFile = Annotated[Path, typer.Argument(help="the study's YAML file", metavar="STUDY.yaml")]
Settings = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="change one setting, e.g. training.epochs=5")
]
Only = Annotated[list[str], typer.Option("--only", metavar="MODEL", help="run this model alone; may be repeated")]

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130


def main():
    """Run a command; an error in its arguments, study or data is one sentence and exit code 2."""
    try:
        app()
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except OSError as error:
        print(f"error: {error.filename or 'file'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(BAD_INPUT)


@app.command()
def run(
    study: StudyFile,
    settings: Settings = (),
    only: Only = (),
    force: Annotated[bool, typer.Option("--force", help="run finished trials again")] = False,
    where: Annotated[
        str | None, typer.Option("--engine", metavar="ENGINE", help="inline, processes or ray: where trials run")
    ] = None,
):
    """Render, train, evaluate and time all models of a study; write its tables and figures."""
    from benchmark import prepare
    from benchmark.lock import held

    plan = load_study(study, [*settings, *([f"engine.kind={where}"] if where else [])], only)
    prepare.check_writable(plan.folder)
    prepare.find(plan)  # wrong data are told before seconds are spent on loading networks
    with held(plan.folder):
        try:
            records = _run(plan, force)
        except KeyboardInterrupt:
            print("\ninterrupted: finished trials are kept; the same command goes on from there", file=sys.stderr)
            sys.exit(INTERRUPTED)
        _report(plan.folder)
    failed = sum(record["status"] != "done" for record in records)
    if failed:
        print(f"{failed} of {len(records)} trials failed; the reasons stand below the table", file=sys.stderr)
        sys.exit(FAILED)


def _run(plan, force):
    """Check the models of a study, make its pictures, run its trials; return their records."""
    from benchmark import backend, prepare

    if plan.engine.kind == "inline" and plan.engine.num_cpus:
        backend.keep_to(backend.cores()[: plan.engine.num_cpus])
    if plan.engine.kind != "inline":
        backend.hide_gpus()
    backend.import_keras()
    from benchmark import engine

    engine.check_models(plan)
    ready = prepare.prepare(plan)
    prepare.gate(plan, ready.leaks)
    prepare.write_study(plan, ready)
    return engine.run_all(plan, ready.clips, ready.folds, force)


@app.command()
def render(study: StudyFile, settings: Settings = ()):
    """Render the spectrogram pictures of a study, and nothing else."""
    from benchmark import prepare

    plan = load_study(study, settings)
    clips, rejected, _ = prepare.draw(plan, *prepare.find(plan, labelled=False))
    for path, reason in rejected.itertuples(index=False):
        print(f"set aside: {path}: {reason}")
    if len(clips):
        print(f"pictures in {Path(os.path.commonpath([Path(path).parent for path in clips['image']]))}")


@app.command()
def report(results: Annotated[Path, typer.Argument(help="a study's folder in results/", metavar="RESULTS_DIR")]):
    """Write all tables and figures again from what is on disk."""
    _report(results)


@app.command()
def check(study: StudyFile, settings: Settings = (), only: Only = ()):
    """Show the resolved study, its clips per class and split, the files set aside, and the trials that would run."""
    import yaml

    from benchmark import prepare

    plan = load_study(study, settings, only)
    prepare.check_writable(plan.folder)
    ready = prepare.prepare(plan)
    print(yaml.safe_dump(plan.model_dump(mode="json"), sort_keys=False))
    for line in prepare.findings(plan, ready):
        print(line)
    prepare.gate(plan, ready.leaks)


@app.command()
def models():
    """List the networks that a study can name, with parameters, input size and weights."""
    import_keras()
    from benchmark.listing import list_networks

    list_networks([load_network(name) for name in network_names()])


@app.command()
def predict(
    trial: Annotated[Path, typer.Argument(help="a trial's folder with its model.keras", metavar="TRIAL_DIR")],
    files: Annotated[list[Path], typer.Argument(help="audio, video or pictures", metavar="FILE...")],
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of a table")] = False,
):
    """Score new audio, video or spectrogram files with a trained model."""
    from benchmark.predictor import check_trial

    settings = check_trial(trial)
    import_keras()
    from benchmark.predictor import Predictor, print_scores

    predictor = Predictor(trial, settings)
    rows = [predictor.predict(file) for file in files]
    print(json.dumps(rows, indent=1)) if as_json else print_scores(rows)
    if any(row["error"] for row in rows):
        sys.exit(FAILED)


@app.command()
def audit(
    table: Annotated[
        Path | None, typer.Argument(help="CSV of printed metrics; the paper's own table if left out")
    ] = None,
    up_to: Annotated[int, typer.Option(help="largest test set that is searched")] = 300,
    sizes: Annotated[list[int], typer.Option("--size", help="search this test-set size alone; may be repeated")] = (),
):
    """Decide whether published numbers come from any confusion matrix; exit code 1 where a row does not."""
    from benchmark.analysis.audit import print_verdicts, run_audit

    verdicts, code = run_audit(table, up_to, tuple(sizes))
    print_verdicts(verdicts)
    sys.exit(code)


@app.command()
def schema(folder: Annotated[Path, typer.Argument(help="where to write the two files")] = Path("configs")):
    """Write the JSON schemas of studies and networks, with which an editor completes their YAML."""
    from benchmark.schema import write_schemas

    for path in write_schemas(folder):
        print(path)


def _report(folder):
    from benchmark.analysis.report import print_comparison
    from benchmark.analysis.report import report as write_report

    summary = write_report(folder)
    print_comparison(summary)
    print(f"results: {Path(folder).resolve()}")
