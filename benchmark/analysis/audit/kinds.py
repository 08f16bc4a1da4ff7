"""Which audit a table gets: where it has an accuracy, one confusion matrix must give it all; else rules are asked."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.analysis.audit import published
from benchmark.analysis.audit.multilabel import audit_labels, print_findings
from benchmark.analysis.audit.verdicts import N_MAX, audit, print_verdicts
from benchmark.errors import StudyError

DEFAULT = "visutsak2025"
IMPOSSIBLE = 1  # exit code


@dataclass(frozen=True)
class Source:
    """A table, a tidy frame of text, with what else is known of a published one."""

    table: object
    captions: dict
    models: dict


@dataclass(frozen=True)
class Kind:
    """One way to audit a table."""

    holds: Callable  # table -> whether it applies
    audit: Callable  # (source, n_max, sizes) -> what was found
    impossible: Callable  # found -> whether some number is
    show: Callable  # (found, console=None): print it


def has_accuracy(table):
    """Return whether a tidy frame has an accuracy of a whole row."""
    return ((table["metric"] == "accuracy") & (table["class"] == "")).any()


# Tried in turn.
KINDS = {
    "one label": Kind(
        has_accuracy, lambda source, n_max, sizes: audit(source.table, n_max, sizes),
        lambda verdicts: not all(verdict.possible for verdict in verdicts), print_verdicts,
    ),
    "several labels": Kind(
        lambda table: True, lambda source, n_max, sizes: audit_labels(source.table, source.captions, source.models),
        lambda audited: audited.impossible, print_findings,
    ),
}  # fmt: skip


def run_audit(name=DEFAULT, n_max=N_MAX, only_sizes=()):
    """Return (kind, found, exit code) of a published source, by its name, or of a CSV of results.

    n_max, only_sizes: for one label, see :func:`benchmark.analysis.audit.verdicts.audit`. kind.show(found) prints it.
    The code is 1 where something is impossible, else 0. Raises :class:`StudyError` for what cannot be read as
    :mod:`benchmark.analysis.audit.published` says."""
    source = read_source(name)
    kind = next(kind for kind in KINDS.values() if kind.holds(source.table))
    found = kind.audit(source, n_max, only_sizes)
    return kind, found, IMPOSSIBLE if kind.impossible(found) else 0


def read_source(name):
    """Return the :class:`Source` of a name of results/published, or a path."""
    name = str(name)
    if name in published.sources():
        found = (read(name) for read in (published.read_published, published.read_captions, published.read_models))
        return Source(*found)
    if not Path(name).is_file():
        known = ", ".join(published.sources())
        raise StudyError(
            f"no table to audit at {name}: expected a CSV file, or the name of a published source ({known})"
        )
    return Source(published.read_table(name), {}, {})
