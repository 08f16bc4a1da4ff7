import pytest

from benchmark.doctor import problems

FINE = {"version": (3, 12), "free_gb": 50.0, "bits": 64, "has_venv": True}


def test_a_fit_machine_lacks_nothing():
    assert problems(**FINE) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"version": (3, 9)}, "Python 3.9 is too old"),
        ({"version": (2, 7)}, "Python 2.7 is too old"),
        ({"version": (3, 14)}, "Python 3.14 is too new"),
        ({"free_gb": 1.5}, "only 1.5 GB of disk are free"),
        ({"bits": 32}, "32-bit"),
        ({"has_venv": False}, "python3-venv"),
    ],
)
def test_what_is_missing_is_said_in_plain_words(changed, words):
    (problem,) = problems(**FINE | changed)
    assert words in problem


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_supported_pythons_are_accepted(version):
    assert problems(**FINE | {"version": version}) == []
