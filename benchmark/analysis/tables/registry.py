"""All tables of a report, in order: those that the modules in ``specs`` define. A new table is a new module there."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

import pandas as pd

from benchmark.analysis.metrics.caveats import find_caveats
from benchmark.analysis.tables import specs
from benchmark.analysis.tables.rendering import render_table


def find_tables():
    """Return {name: spec} of every module of specs, in order."""
    modules = (import_module(f"{specs.__name__}.{module.name}") for module in iter_modules(specs.__path__))
    found = [spec for module in modules for spec in module.TABLES]
    return {spec.name: spec for spec in sorted(found, key=lambda spec: (spec.place, spec.name))}


TABLES = find_tables()  # name -> TableSpec


class Tables(Mapping):
    """The tables of a study by name, frames of numbers; each is computed once, when it is first asked for.

    The last column of each, ``caveats``, says in words what a reader must know about each row. A table that does not
    apply to the study has no rows: pairs and ensembles of fewer than two models, and where the study names no paper as
    ``published`` those in a paper's form or beside its numbers."""

    def __init__(self, results):
        self.results, self._frames = results, {}

    def __getitem__(self, name):
        if name not in self._frames:
            spec = TABLES[name]
            frame = spec.compute(self.results, self) if self.results.concerns(spec.tasks) else pd.DataFrame()
            words = [find_caveats(self.results).words(row) for row in frame.to_dict("records")]
            self._frames[name] = frame.assign(caveats=pd.Series(words, frame.index, dtype=object))
        return self._frames[name]

    def __iter__(self):
        return iter(TABLES)

    def __len__(self):
        return len(TABLES)

    def render(self, name, output, frame=None):
        """Return the :class:`analysis.tables.rendering.Rendered` of a table, None where it has no rows."""
        return render_table(self.results, self, TABLES[name], output, frame)
