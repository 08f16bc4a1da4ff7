"""A proposed study as commented YAML: its file is written once the study is accepted, and never over another."""

import textwrap
from pathlib import Path

import yaml

from benchmark.config.load import load_study
from benchmark.data.preparation import check_writable, gate, prepare
from benchmark.data.proposal import propose_study
from benchmark.data.proposed_groups import SUGGESTION
from benchmark.errors import StudyError
from spectrograms.files import draft, write_text

WIDTH = 110  # of a comment
PLAIN_END = "\n...\n"  # with which PyYAML ends a word or number that stands alone
SECTIONS = ("name", "dataset", "task", "classes", "clip", "split", "thresholds", "leakage", "results")
HEAD = """\
# Proposed from what lies there, for you to change. A setting that is not here has the default of docs/study.md.
#   python run_benchmark.py check {out}
#   python run_benchmark.py run {out}
"""
MODELS = """\
# Weights are fetched once. Where there is no network, take the line behind the # with a path of yours.
# More networks: python run_benchmark.py models. The head alone is trained; all layers: training: {regime: finetune}
models:
"""
# What a path of weights leads to, by what a network reads.
WEIGHTS = {"picture": "FILE.weights.h5", "frames": "FILE.weights.h5", "waveform": "FOLDER"}


def write_proposal(place, name=None, out=None, say=print):
    """Write a study of a folder or table into ``out``, NAME.yaml here unless given; return the path.

    The text is read back, and the study prepared and held against its copies as ``check`` does, before there is a file
    of it. ``say`` is told of each step. Raises :class:`StudyError` where ``out`` exists or no study is accepted."""
    check_absent(out)
    study, remarks = propose_study(place, name)
    out = Path(out or f"{study.name}.yaml")
    check_absent(out)
    check_writable(study.folder)
    ready = prepare(study, say)
    try:
        gate(study, ready, lambda line: None)
    except StudyError as error:  # of a split that is given, which no group can mend
        study = study.model_copy(update={"leakage": "warn"})
        remarks.append(("leakage", str(error)))
        gate(study, ready, say)
    text = study_text(study, remarks, out)
    with draft(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
        if load_study(temporary).model_dump() != study.model_dump():
            raise StudyError(f"the study of {place} cannot be written as YAML that says the same; its names may be odd")
    check_absent(out)
    write_text(out, text)
    for key, sentence in remarks:
        say(f"{key}: {sentence}")
    return out


def check_absent(out):
    """Raise :class:`StudyError` where there is a file already."""
    if out is not None and Path(out).exists():
        raise StudyError(f"{out} exists, and is not written over; give another name: --out FILE")


def study_text(study, remarks, out):
    """Return a study as YAML with ``remarks``, [(key of the study, sentence), ...], as comments above their keys."""
    chosen = study.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    given = {key: value for key, value in chosen.items() if value != {}}
    lines = [HEAD.format(out=out)]
    for key in SECTIONS:
        said = _comment(remarks, key)
        if key in given or said:
            lines += [said, DUMPED.get(key, _in_line)(key, given[key], remarks) if key in given else "", "\n"]
    models = [
        f"  - {network.name} # - {{extends: {network.name}, weights: {WEIGHTS[network.reads]}}}\n"
        for network in study.models
    ]
    return "".join([*lines, MODELS, *models])


def _comment(remarks, key, indent=""):
    sentences = [sentence for place, sentence in remarks if place == key]
    return "".join(
        textwrap.fill(f"{sentence[0].upper()}{sentence[1:]}.", WIDTH, initial_indent=f"{indent}# ",
                      subsequent_indent=f"{indent}# ", break_long_words=False, break_on_hyphens=False) + "\n"
        for sentence in sentences
    )  # fmt: skip


def _in_line(key, value, remarks=()):
    """Return one line of YAML."""
    shown = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf"))
    return f"{key}: {shown.removesuffix(PLAIN_END)}\n" if shown.endswith(PLAIN_END) else f"{key}: {shown}"


def _block(key, value, remarks):
    """Return a section with a key a line, each below its own remarks."""
    lines = [f"{key}:\n"]
    for inner, setting in value.items():
        if setting == {}:
            continue
        lines += [_comment(remarks, f"{key}.{inner}", "  "), f"  {_in_line(inner, setting)}"]
    if "group_pattern" not in value:
        said = _comment(remarks, f"{key}.group_pattern", "  ")
        lines += [said, f"  # group_pattern: '{SUGGESTION}'\n"] if said else []
    return "".join(lines)


DUMPED = {"dataset": _block}
