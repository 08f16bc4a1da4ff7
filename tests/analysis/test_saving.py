"""Figures on disk: the formats that the study names, drawn again only where something that shapes them has changed."""

import pytest
from PIL import Image

from benchmark.analysis.plots import figures, saving
from benchmark.analysis.tables.registry import Tables
from benchmark.config.sections import read_section
from benchmark.config.study import FigureParams
from benchmark.errors import StudyError
from benchmark.store.results import read_results
from tests.support.fake_results import build_results, change_study, change_trial

PAIR = ("vgg16", "yamnet")


@pytest.fixture
def folder(tmp_path):
    return build_results(tmp_path / "pair", models=PAIR, folds=1, epochs=3)


def write(folder):
    """Write the figures of a results folder as it is on disk; return those drawn anew, and all, by their file names."""
    before = {path: path.stat().st_mtime_ns for path in (folder / "figures").glob("*")}
    results = read_results(folder)
    found = [path for figure in figures.write_figures(results, Tables(results)) for path in figure.paths]
    anew = {path.name for path in found if before.get(path) != path.stat().st_mtime_ns}
    return anew, {path.name for path in found}


def test_only_what_changed_is_drawn_again(folder, monkeypatch):
    anew, found = write(folder)
    assert anew == found
    assert write(folder) == (set(), found)
    change_trial(folder / "trials" / "vgg16" / "0-0", kept_iteration=40)
    assert write(folder)[0] == {"training_vgg16.png"}
    (folder / "figures" / "example.png").write_bytes(b"broken")
    assert write(folder)[0] == {"example.png"}
    monkeypatch.setattr(saving, "_code", lambda: "other code")
    assert write(folder) == (found, found)


def test_figures_have_the_formats_that_the_study_names_and_no_other(folder):
    _, png = write(folder)
    with Image.open(folder / "figures" / "training_vgg16.png") as image:
        colours = sorted(image.convert("RGB").getcolors(256), reverse=True)
    (_, white), (_, band) = colours[:2]  # a PNG of few colours keeps white and faint greys
    assert white == (255, 255, 255)
    assert max(abs(value - 0.93 * 255) for value in band) <= 4  # the bands of the epochs
    (folder / "figures" / "mine.png").touch()
    change_study(folder, figures={"formats": ["svg", "pdf"]})
    anew, found = write(folder)
    assert anew == found == {name.replace("png", kind) for name in png for kind in ("svg", "pdf")}
    assert {path.name for path in (folder / "figures").iterdir()} == found | {"mine.png"}
    assert ">VGG-16<" in (folder / "figures" / "accuracy_intervals.svg").read_text()  # text stays text
    content = {name: (folder / "figures" / name).read_bytes() for name in found}
    assert write(folder) == (set(), found)
    for name in found:
        (folder / "figures" / name).unlink()
    write(folder)
    assert {name: (folder / "figures" / name).read_bytes() for name in found} == content


def test_a_page_needs_a_format_that_a_browser_shows():
    assert read_section(FigureParams, {"formats": ["pdf", "svg"]}).formats == ("pdf", "svg")
    with pytest.raises(StudyError, match="needs png or svg"):
        read_section(FigureParams, {"formats": ["pdf"]})
