"""Where each trial of a run stands: lines for a log, a live table for a terminal, and status.json for anybody."""

import contextlib
import json
import os
import socket
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

from benchmark.store.layout import STATUS
from spectrograms.files import write_text

ENDED = ("kept", "done", "failed")
WRITE_EVERY = 1.0  # seconds between two writings of status.json for mere progress


@dataclass
class Row:
    """One trial of the table."""

    model: str
    label: str
    fold: int
    seed: int
    state: str = "waiting"  # waiting | running | kept | done | failed
    stage: str = ""  # of a running one, e.g. train
    done: int = 0  # of this stage, in epochs or what it counts
    total: int = 0
    began: float | None = None  # seconds since 1970
    seconds: float | None = None
    score: float | None = None  # the headline of the study's task
    reason: str = ""  # why it failed, or why it runs again


class Board:
    """The table of a run's trials. ``say`` gets one line per change; ``live`` draws the table on a terminal."""

    def __init__(self, folder, trials, say=print, live=None, at_once=1):
        self.path, self.say, self.at_once = Path(folder) / STATUS, say, at_once
        self.rows = {t.name: Row(t.network.name, t.network.label, t.fold, t.seed) for t in trials}
        self.state, self.started, self.written = "running", time.time(), 0.0
        self.live = sys.stdout.isatty() if live is None else live

    @contextlib.contextmanager
    def shown(self):
        """Keep the table up to date on screen and on disk while a run goes on, and write how it ended."""
        from rich.live import Live

        table = Live(get_renderable=lambda: _table(self), refresh_per_second=2, transient=True)
        with table if self.live else contextlib.nullcontext():
            if self.live:
                self.say = partial(table.console.print, markup=False, highlight=False)
            try:
                yield self
                self.state = "failed" if any(row.state == "failed" for row in self.rows.values()) else "done"
            except BaseException as error:
                self.state = "interrupted" if isinstance(error, KeyboardInterrupt) else "stopped"
                raise
            finally:
                self._write()

    def kept(self, trial, record):
        """Note a trial that was done before."""
        self._change(trial, state="kept", score=headline(record)[1])
        self._tell(trial, "done before, kept")

    def due(self, trial, reason):
        """Note why a trial will run."""
        self._change(trial, reason=reason)

    def begun(self, trial):
        """Note that a trial runs."""
        self._change(trial, state="running", began=time.time())
        self._tell(trial, f"{self.rows[trial.name].reason} …")

    def progress(self, trial, stage, done=0, total=0):
        """Note how far a running trial is."""
        self._change(trial, at_once=False, stage=stage, done=done, total=total)

    def ended(self, trial, record):
        """Note the record of a trial that ended."""
        row = self.rows[trial.name]
        seconds = time.time() - (row.began or time.time())
        failed = record["status"] != "done"
        self._change(trial, state="failed" if failed else "done", stage="", seconds=round(seconds, 1),
                     score=headline(record)[1], reason=record.get("error") or "")  # fmt: skip
        self._tell(trial, outcome(record) + (f"; about {duration(eta)} to go" if (eta := self.eta()) else ""))

    def eta(self):
        """Return the seconds that the trials not ended will take, from those that are; None before the first.

        A trial takes as long as others of its network did, or as all did on average where there are none."""
        took, now, ahead = [row for row in self.rows.values() if row.seconds is not None], time.time(), 0.0
        for row in self.rows.values() if took else ():
            if row.state not in ENDED:
                alike = [other for other in took if other.model == row.model] or took
                ahead += max(0, fmean(other.seconds for other in alike) - (now - (row.began or now)))
        return ahead / self.at_once if took else None

    def _write(self):
        """Write status.json."""
        self.written = time.time()
        eta, states = self.eta(), [row.state for row in self.rows.values()]
        content = {
            "state": self.state,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": _stamp(self.started),
            "updated": _stamp(time.time()),
            "eta_seconds": None if eta is None else round(eta),
            "counts": {state: states.count(state) for state in ("waiting", "running", *ENDED)},
            "trials": [asdict(row) for row in self.rows.values()],
        }
        with contextlib.suppress(OSError):  # a full disk must not end the run that could tell of it
            write_text(self.path, json.dumps(content, indent=1))

    def _tell(self, trial, text):
        number, row = list(self.rows).index(trial.name) + 1, self.rows[trial.name]
        self.say(f"[{number}/{len(self.rows)}] {row.label}, fold {row.fold}, seed {row.seed}: {text}")

    def _change(self, trial, at_once=True, **changes):
        for name, value in changes.items():
            setattr(self.rows[trial.name], name, value)
        if at_once or time.time() - self.written > WRITE_EVERY:
            self._write()


def outcome(record):
    """Return one trial's result in words."""
    if record["status"] == "failed":
        return f"FAILED: {record['error']}"
    seconds = sum(record["seconds"].values())
    name, score = headline(record)
    shown = "unknown" if score is None else f"{score:.3f}"
    said = f"{name.replace('_', ' ')} {shown} of {record['n_test']} test clips"
    return f"{said}; {seconds:.0f} s, of them training {record['train_seconds']:.1f} s"


def headline(record):
    """Return (name, score) by which the task of a trial ranks models, the score None where there is none.

    A failed trial has none, and a mean over classes none where no class has a test clip (NaN, which is no JSON)."""
    name = record.get("headline", "score")
    score = record.get(f"test_{name}")
    return name, score if score == score else None


def duration(seconds):
    """Return seconds as '45 s', '12 min' or '3 h 20 min'."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(seconds))


def _table(board):
    """Return the board as a rich table, a row per model: the terminal is lower than a study is long."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    eta = board.eta()
    table = Table(box=box.SIMPLE_HEAD, title=f"{duration(eta)} to go" if eta is not None else None)
    for heading in ("model", "ended", "failed", "score", "now"):
        table.add_column(heading)
    for model in dict.fromkeys(row.model for row in board.rows.values()):
        rows = [row for row in board.rows.values() if row.model == model]
        ended = [row for row in rows if row.state in ENDED]
        scores = [row.score for row in ended if row.score is not None]
        now = []
        for row in [row for row in rows if row.state == "running"]:
            share = f" {row.done}/{row.total}" if row.total else ""
            took = duration(time.time() - row.began)
            now.append(f"fold {row.fold} seed {row.seed}: {row.stage or 'starts'}{share}, {took}")
        failures = sum(row.state == "failed" for row in rows)
        score = f"{fmean(scores):.3f}" if scores else ""
        cells = (rows[0].label, f"{len(ended)} of {len(rows)}", str(failures or ""), score, "; ".join(now))
        table.add_row(*map(Text, cells))
    return table
