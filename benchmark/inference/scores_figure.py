"""The scores of a file as bars in a picture, best first, with the threshold of each class."""

from pathlib import Path

from benchmark.inference.score_lines import ranked
from spectrograms.files import replacing
from spectrograms.names import printable, safe_name

HEIGHT = 0.26  # inches of a class
DPI = 130
PREDICTED, OTHER = "#2a6f97", "#b8c4cc"
PLAIN = {"text.parse_math": False, "font.size": 9}  # a class may be called 'Lo$t & $aved'


def scores_figure(row, title):
    """Return the figure of a row of ``predict`` that was scored: predicted classes dark, thresholds as strokes."""
    from matplotlib.figure import Figure  # imported late: scores are printed without

    found = ranked(row)[::-1]  # the best at the top
    figure = Figure(figsize=(6, 1.0 + HEIGHT * len(found)), dpi=DPI, layout="constrained")
    ax = figure.subplots()
    places = range(len(found))
    ax.barh(
        places, [score for _, score, _, _ in found], color=[PREDICTED if is_in else OTHER for _, _, is_in, _ in found]
    )
    for place, (_, score, _, threshold) in zip(places, found, strict=True):
        ax.text(score + 0.01, place, f"{score:.2f}", va="center", fontsize=8)
        if threshold is not None:
            ax.plot([threshold] * 2, [place - 0.4, place + 0.4], color="black", linewidth=1)
    ax.set_yticks(places, [name for name, *_ in found])
    ax.set(xlim=(0, 1.08), xlabel="score" if row["thresholds"] is None else "score; a stroke is the class' threshold")
    ax.set_title(title, loc="left", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def plot_scores(rows, folder, model):
    """Write a PNG for each row of ``predict`` that was scored, named after its file; return the paths.

    ``model`` is its display name. Files of one name in several folders are told apart by a number."""
    import matplotlib

    paths = []
    for row in (row for row in rows if row["scores"] is not None):
        name = safe_name(Path(row["file"]).name)
        same = sum(path.name.startswith(f"{name}_scores") for path in paths)
        paths.append(Path(folder) / f"{name}_scores{f'_{same + 1}' if same else ''}.png")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        with matplotlib.rc_context(PLAIN), replacing(paths[-1]) as temporary:
            scores_figure(row, f"{printable(Path(row['file']).name)}: {model}").savefig(temporary, format="png")
    return paths
