"""Are the printed numbers of a table whose clips may have several labels consistent with each other?

Such a table has no one confusion matrix, but most of its numbers follow from others: :data:`ROW_RULES` say which, row
by row, :data:`TABLE_RULES` from row to row. Digits stand for intervals, as in :mod:`analysis.audit.reported`, and a
number is called impossible only where no number within them fits, be they rounded or cut off."""

import sys
from dataclasses import dataclass, replace

from benchmark.analysis.audit.averages import f1_below_mean, f1_follows, macro_follows, micro_follows, weighted_follows
from benchmark.analysis.audit.chance import chance_precision, chance_ranking_loss
from benchmark.analysis.audit.findings import FITS, IMPOSSIBLE, Finding, summary
from benchmark.analysis.audit.printed import printed_rows, with_averages
from benchmark.analysis.audit.repeated import same_number, tuned_where_reported
from benchmark.analysis.audit.shares import one_test_set, shares_fit
from benchmark.analysis.audit.supports import clips_add_up, whole_numbers
from benchmark.analysis.audit.thresholds import threshold_grid

# Name of a rule: a PrintedRow -> findings; none where the row lacks the numbers that it needs.
ROW_RULES = {
    "F1 of P and R": f1_follows,
    "macro averages": macro_follows,
    "weighted averages": weighted_follows,
    "micro averages": micro_follows,
    "F1 at most mean of P, R": f1_below_mean,
    "whole numbers of clips": whole_numbers,
    "supports of averages": shares_fit,
    "label counts": clips_add_up,
    "AP of random scores": chance_precision,
    "ranking loss, random": chance_ranking_loss,
    "grid of thresholds": threshold_grid,
}
# Name of a rule: all rows -> findings.
TABLE_RULES = {
    "printed twice": same_number,
    "one test set": one_test_set,
    "where tuned": tuned_where_reported,
}


@dataclass(frozen=True)
class LabelAudit:
    """All findings on a table."""

    findings: tuple[Finding, ...]  # row by row
    n_numbers: int

    @property
    def impossible(self):
        """Whether some number is impossible."""
        return any(finding.verdict == IMPOSSIBLE for finding in self.findings)


def audit_labels(table, captions=None, models=None):
    """Return the :class:`LabelAudit` of a tidy frame of text.

    captions, models: see :func:`analysis.audit.printed.printed_rows`, which also says what raises StudyError."""
    rows = printed_rows(table, captions, models)
    found = [replace(finding, rule=name) for row in with_averages(rows)
             for name, rule in ROW_RULES.items() for finding in rule(row)]  # fmt: skip
    found += [replace(finding, rule=name) for name, rule in TABLE_RULES.items() for finding in rule(rows)]
    order = {place: number for number, place in enumerate(dict.fromkeys(finding.place for finding in found))}
    found.sort(key=lambda finding: order[finding.place])
    return LabelAudit(tuple(found), len(table))


def print_findings(audited, console=None):
    """Print a table of rows, rules and verdicts with a rich console, then a sentence on all that is not consistent."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = console or Console(width=None if sys.stdout.isatty() else 80)
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for name in ("Row", "Rule", "Verdict"):
        table.add_column(Text(name), overflow="fold")
    last = None
    for (place, rule), verdicts in summary(audited.findings).items():
        shown = "\n".join(f"{_loud(verdict)}{f' ({count})' * (count > 1)}" for verdict, count in verdicts)
        table.add_row(*map(Text, (place if place != last else "", rule, shown)), end_section=False)
        last = place
    console.print(table)
    for sentence in sentences(audited):
        console.print(sentence, markup=False, highlight=False)


def _loud(verdict):
    return verdict.upper() if verdict == IMPOSSIBLE else verdict


def sentences(audited):
    """Return in sentences whatever is not consistent, and how much was asked."""
    found = [f"{finding.place}: {_loud(finding.verdict)}. {finding.sentence}" for finding in audited.findings
             if finding.verdict not in FITS]  # fmt: skip
    fitting = sum(finding.verdict in FITS for finding in audited.findings)
    asked = (
        f"{len(audited.findings)} facts asked of them, {fitting} of them hold"
        if audited.findings
        else ("none of them follows from others")
    )
    return [*found, f"{audited.n_numbers} numbers; {asked}."]
