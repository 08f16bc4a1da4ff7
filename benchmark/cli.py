"""The command line. Heavy packages are imported by the commands that need them: --help and report start fast."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import benchmark
from benchmark.config.load import load_study
from benchmark.config.networks import own_networks, trusted
from benchmark.errors import StudyError
from benchmark.models.backend import hide_gpus, import_keras

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

StudyFile = Annotated[Path, typer.Argument(help="the study's YAML file", metavar="STUDY.yaml")]
Settings = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="change one setting, e.g. training.epochs=5")
]
Only = Annotated[list[str], typer.Option("--only", metavar="MODEL", help="run this model alone; may be repeated")]
TrialFolder = Annotated[Path, typer.Argument(help="a trial's folder with its saved model", metavar="TRIAL_DIR")]
Trust = Annotated[bool, typer.Option("--trust", help="run code that the trial names and configs/models does not")]

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130


def main():
    """Run a command; an error in its arguments, study or data is one sentence and exit code 2."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # builders of the user's own, where the command is an installed one
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal or pipe that cannot show a character must not end a run
    try:
        app()
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except OSError as error:
        print(f"error: {error.filename or 'file'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(BAD_INPUT)


def _version(asked):
    if asked:
        from benchmark.trials.provenance import summary

        print(summary())
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print versions and commit, and exit")
    ] = False,
):
    """Benchmark pretrained networks on labelled audio."""


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
    plan = load_study(study, [*settings, *([f"engine.kind={where}"] if where else [])], only)
    try:
        trials = benchmark.run(plan, force).trials
    except KeyboardInterrupt:
        print("\ninterrupted: finished trials are kept; the same command goes on from there", file=sys.stderr)
        sys.exit(INTERRUPTED)
    if failed := (trials["status"] != "done").sum():
        print(f"{failed} of {len(trials)} trials failed; the reasons stand below the table", file=sys.stderr)
        sys.exit(FAILED)


@app.command()
def render(study: StudyFile, settings: Settings = (), only: Only = ()):
    """Render the spectrogram pictures of a study, and nothing else."""
    from benchmark.data import preparation as prepare
    from benchmark.engines.session import connected, spread

    plan = load_study(study, settings, only)
    prepare.check_pictures(plan)
    prepare.check_packages(plan)
    with connected(plan.engine):
        clips, rejected = prepare.draw(plan, *prepare.find(plan, labelled=False), spread=spread(plan.engine))
    for path, reason in rejected.itertuples(index=False):
        print(f"set aside: {path}: {reason}")
    if len(clips):
        print(f"pictures in {Path(os.path.commonpath([Path(path).parent for path in clips['image']]))}")


@app.command()
def report(
    results: Annotated[Path | None, typer.Argument(help="a study's folder in results/", metavar="RESULTS_DIR")] = None,
    compare: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="A B", help="two studies' folders, side by side")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="where the comparison goes; into A unless given")] = None,
):
    """Write all tables, figures and the page again from what is on disk, or compare two studies."""
    if (results is None) == (compare is None):
        raise StudyError("report takes a study's folder such as results/demo, or --compare A B")
    if results is not None:
        benchmark.report(results)
        return
    from benchmark.analysis.report import compare as comparing

    found = comparing.compare(*compare)
    comparing.print_compare(found)
    print(*comparing.write_compare(found, out), sep="\n")


@app.command()
def check(
    study: StudyFile,
    settings: Settings = (),
    only: Only = (),
    offline: Annotated[bool, typer.Option("--offline", help="do not ask whether weights can be fetched")] = False,
):
    """Show the resolved study, what is wrong with its networks, its clips per class and split, files set aside."""
    import yaml

    from benchmark.data import preparation as prepare
    from benchmark.data.findings import findings

    plan = load_study(study, settings, only)
    print(yaml.safe_dump(plan.model_dump(mode="json"), sort_keys=False))
    prepare.check_writable(plan.folder)
    prepare.check_packages(plan)
    hide_gpus()  # a run may be using them
    import_keras()
    from benchmark.trials import checks
    from benchmark.trials.notes import training_notes

    try:
        wrong, hopeless = checks.judge(plan, thorough=True, offline=offline), None
    except StudyError as error:  # the data can be looked at all the same
        wrong, hopeless = {}, error
        print(error)
    ready = prepare.prepare(plan)
    for line in (*findings(plan, ready), *training_notes(plan, ready.folds)):
        print(line)
    prepare.gate(plan, ready)
    if hopeless:
        raise hopeless
    if wrong:
        print(f"{len(wrong)} of {len(plan.models)} networks would fail, see above", file=sys.stderr)
        sys.exit(FAILED)


@app.command()
def init(
    place: Annotated[Path, typer.Argument(help="a folder with a folder per class, or a table", metavar="DIR_OR_CSV")],
    name: Annotated[str | None, typer.Option(help="of the study; that of the folder or table unless given")] = None,
    out: Annotated[Path | None, typer.Option(help="where to write it; NAME.yaml here unless given")] = None,
):
    """Look at recordings or pictures and write a commented study of them, which check accepts."""
    from benchmark.data.study_text import write_proposal

    print(f"written: {write_proposal(place, name, out)}")


@app.command()
def models():
    """List the networks that a study can name, with parameters, input size and weights."""
    hide_gpus()
    import_keras()
    from benchmark.models.listing import list_networks

    list_networks(own_networks())


@app.command()
def predict(
    trial: TrialFolder,
    files: Annotated[list[Path], typer.Argument(help="audio, video or pictures", metavar="FILE...")],
    hop: Annotated[
        float | None, typer.Option(help="seconds from one window to the next; a clip's duration unless given")
    ] = None,
    timed: Annotated[bool, typer.Option("--time", help="print the median latency of a window")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of a table")] = False,
    bars: Annotated[bool, typer.Option("--bars", help="print the scores of a file as bars, best first")] = False,
    plot: Annotated[Path | None, typer.Option(help="folder for a picture of the scores of each file")] = None,
    trust: Trust = False,
):
    """Score new audio, video or spectrogram files with a trained model, window by window."""
    from benchmark.inference.score_lines import print_scores
    from benchmark.inference.scores_figure import plot_scores

    model = benchmark.load_model(trial, trust)
    rows = [model.predict(file, hop, timed) for file in files]
    print(json.dumps(rows, indent=1)) if as_json else print_scores(rows, bars)
    if plot:
        paths = plot_scores(rows, plot, model.network.label)
        print(*paths, sep="\n", file=sys.stderr if as_json else sys.stdout)
    if any(row["error"] for row in rows):
        sys.exit(FAILED)


@app.command()
def explain(
    trial: TrialFolder,
    clips: Annotated[
        list[str] | None, typer.Argument(help="clips of the study or files; else chosen", metavar="[CLIP_ID|FILE]...")
    ] = None,
    n: Annotated[int, typer.Option(min=1, help="right clips per class, and wrong ones, where none are named")] = 1,
    trust: Trust = False,
):
    """Draw what an image network goes by, clip by clip and class by class, over time and frequency."""
    from benchmark.inference.explain import explain as write_explanations

    paths, sentences = write_explanations(trial, clips or (), n, _known(trust))
    print(*sentences, *paths, sep="\n")


@app.command()
def export(
    trial: TrialFolder,
    file_format: Annotated[str, typer.Option("--format", help="keras, saved_model, onnx or tflite")],
    out: Annotated[Path | None, typer.Option(help="folder; TRIAL_DIR/export/FORMAT unless given")] = None,
    trust: Trust = False,
):
    """Write a trained model for other programs, run that file, and compare its scores with the model's."""
    from benchmark.inference.export import export

    export(trial, file_format, out, known=_known(trust))


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="what was published: a file or a folder")],
    out: Annotated[Path, typer.Argument(help="the HDF5 file to write", metavar="OUT.h5")],
    form: Annotated[str, typer.Option("--format", help="audioset, lmtd, sulun2024 or npz_folder")],
    labels: Annotated[Path | None, typer.Option(help="table of labels, or of the names of classes")] = None,
    split: Annotated[Path | None, typer.Option(help="JSON {part: [clip_id, ...]}")] = None,
):
    """Write published features as one HDF5 file, which dataset.kind: features reads; list the clips left out."""
    from benchmark.data.conversion.convert import convert, print_converted

    print_converted(convert(source, out, form, labels, split), out)


@app.command()
def audit(
    table: Annotated[
        str, typer.Argument(help="CSV of printed metrics, or a name in results/published, as posters2025")
    ] = "visutsak2025",
    up_to: Annotated[int, typer.Option(help="largest test set that is searched (one label per clip)")] = 300,
    sizes: Annotated[list[int], typer.Option("--size", help="search this size alone (one label); repeatable")] = (),
):
    """Decide whether printed numbers are possible: of one confusion matrix, or each other's; exit code 1 if not."""
    from benchmark.analysis.audit.kinds import run_audit

    kind, found, code = run_audit(table, up_to, tuple(sizes))
    kind.show(found)
    sys.exit(code)


@app.command()
def schema(folder: Annotated[Path, typer.Argument(help="where to write the two files")] = Path("configs")):
    """Write the JSON schemas of studies and networks, with which an editor completes their YAML."""
    from benchmark.config.schema import write_schemas

    for path in write_schemas(folder):
        print(path)


def _known(trust):
    """Return the user's own networks, whose code a trial may name; None where the trial is trusted."""
    return None if trust else trusted()
