"""All tables of a report, in order: those that the modules in ``specs`` define. A new table is a new module there."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

import pandas as pd

from benchmark.analysis.metrics.caveats import find_caveats
from benchmark.analysis.tables import specs
from benchmark.analysis.tables.rendering import render_table


def find_tables():
    """Return the spec of every table of the modules of specs, in order; of one name there may be one for each task, and
    for each paper."""
    modules = (import_module(f"{specs.__name__}.{module.name}") for module in iter_modules(specs.__path__))
    found = [spec for module in modules for spec in module.TABLES]
    return tuple(sorted(found, key=lambda spec: (spec.place, spec.name)))


TABLES = find_tables()


class Tables(Mapping):
    """The tables of a study by name, frames of numbers; each is computed once, when it is first asked for.

    The last column of each, ``caveats``, says in words what a reader must know about each row. A table that does not
    apply to the study has no rows: that of another task, pairs and ensembles of fewer than two models, and where the
    study names no paper as ``published`` those in a paper's form or beside its numbers."""

    def __init__(self, results):
        self.results, self._frames = results, {}
        papers = ("", results.study.get("published"))
        self.specs = {spec.name: spec for spec in TABLES if results.concerns(spec.tasks) and spec.published in papers}

    def __getitem__(self, name):
        if name not in self._frames:
            frame = self.specs[name].compute(self.results, self) if name in self.specs else pd.DataFrame()
            words = [find_caveats(self.results).words(row) for row in frame.to_dict("records")]
            self._frames[name] = frame.assign(caveats=pd.Series(words, frame.index, dtype=object))
        return self._frames[name]

    def __iter__(self):
        return iter(dict.fromkeys(spec.name for spec in TABLES))

    def __len__(self):
        return len(list(iter(self)))

    def render(self, name, output, frame=None):
        """Return the :class:`analysis.tables.rendering.Rendered` of a table, None where it has no rows.

        One of another task has none."""
        if name not in self.specs:
            return None
        return render_table(self.results, self, self.specs[name], output, frame)
