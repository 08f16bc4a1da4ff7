"""Which models decide together: those that read clips."""

from types import SimpleNamespace

import pytest

from benchmark.analysis.metrics.ensembles import members


@pytest.mark.parametrize(
    ("reads", "done", "expected"),
    [
        ({"a": "frames", "b": "waveform"}, {"a": 3, "b": 3}, ["a", "b"]),
        ({"a": "frames", "b": "waveform", "random": "nothing"}, {"a": 3, "b": 3, "random": 3}, ["a", "b"]),
        ({"a": "frames", "b": "waveform", "fused": "nothing"}, {"a": 3, "b": 2, "fused": 2}, []),
        ({"a": None, "b": None}, {"a": 1, "b": 1}, ["a", "b"]),
    ],
)
def test_chance_and_fusions_do_not_decide_with_others(reads, done, expected):
    models = [{"name": name, "reads": what} for name, what in reads.items()]
    results = SimpleNamespace(study={"models": models}, done=lambda name: [None] * done[name])
    assert members(results) == expected
