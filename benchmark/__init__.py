"""A benchmark of pretrained networks on labelled audio, as pictures of its mel spectrograms.

For notebooks: :func:`load_study`, :func:`run`, :func:`report`, :func:`read_results`, :func:`load_model`; the command
line stands on the same functions. Each imports what it needs when it is called, so that this module is there at once.
Where a study, data or a folder is wrong, they raise :class:`benchmark.errors.StudyError`, one readable sentence."""

from benchmark.store.version import __version__

__all__ = ("__version__", "load_model", "load_study", "read_results", "report", "run")


def load_study(path, only=(), **settings):
    """Return the study of a YAML file, a :class:`benchmark.config.study.Study`.

    ``only`` names the models that are kept. Settings take the place of those in the file, a mapping only where it has
    values: ``training={"epochs": 5}, models={"vgg16": {"weights": "random"}}``."""
    from benchmark.config import load

    return load.load_study(path, only=only, settings=settings)


def run(study, force=False, say=print):
    """Run a study as the command does: pictures, trials, tables, figures, page; return what :func:`read_results` does.

    Finished trials are kept unless ``force``; one that fails is recorded, and the rest go on. ``say`` gets each line of
    progress."""
    from benchmark.engines.session import session

    with session(study, force, say):
        report(study.folder, say)
        if study.tracking:
            from benchmark.analysis.report.tracking import track

            track(study.folder, say)
    return read_results(study.folder)


def report(folder, say=print):
    """Write the tables, figures and page of a results folder again; return their paths.

    The comparison is printed, unless ``say`` is another than print."""
    from pathlib import Path

    from benchmark.analysis.report.report import print_comparison
    from benchmark.analysis.report.report import report as write_report

    written = write_report(folder)
    if say is print:
        print_comparison(written)
    say(f"results: {Path(folder).resolve()}")
    return written.files


def read_results(folder):
    """Return the DataFrames of a results folder, a :class:`benchmark.store.frames.Frames`."""
    from benchmark.store.frames import read_frames

    return read_frames(folder)


def load_model(trial_dir, trust=False):
    """Return the trained model of a trial's folder; its ``predict(path)`` scores a new file, window by window.

    It is a :class:`benchmark.inference.predictor.Predictor`. ``trust`` lets the trial run code that configs/models does
    not name."""
    from benchmark.config.networks import trusted
    from benchmark.inference.predictor import Predictor, check_trial

    return Predictor(trial_dir, check_trial(trial_dir), None if trust else trusted())
