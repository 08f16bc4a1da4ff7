import pytest

from benchmark.doctor import problems

FINE = {"version": (3, 12), "free_gb": 50.0, "bits": 64, "has_venv": True}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        *(({"version": (3, minor)}, None) for minor in (11, 12, 13)),
        ({"version": (3, 9)}, "Python 3.9 is too old"),
        ({"version": (2, 7)}, "Python 2.7 is too old"),
        ({"version": (3, 14)}, "Python 3.14 is too new"),
        ({"free_gb": 1.5}, "only 1.5 GB of disk are free"),
        ({"bits": 32}, "32-bit"),
        ({"has_venv": False}, "python3-venv"),
    ],
)
def test_what_is_missing_is_said_in_plain_words_and_a_fit_machine_lacks_nothing(changed, words):
    found = problems(**FINE | changed)
    assert len(found) == (words is not None)
    assert all(words in problem for problem in found)
