"""Figures in the order of a paper, for studies that name it (``published``): visutsak2025, the one source so far."""

from itertools import chain

# Models by the names in configs/models, side by side as Fig. 4 to 8 show their confusion matrices: the last one alone.
PAIRS = {
    "visutsak2025": (
        ("mobilenet_v2", "resnet18"),
        ("densenet201", "places365_googlenet"),
        ("vgg16", "vgg19"),
        ("inception_resnet_v2", "inception_v3"),
        ("nasnet_mobile",),
    )
}
# What the paper calls a figure of ours: confusion matrices are in its text, training in its appendix.
FIGURES = {
    source: {
        **{f"confusion_pair_{'_'.join(pair)}": f"Fig. {4 + index}" for index, pair in enumerate(pairs)},
        **{f"training_{name}": f"Fig. A{1 + index}" for index, name in enumerate(chain(*pairs))},
    }
    for source, pairs in PAIRS.items()
}


def pairs(models, source=None):
    """Return the models shown side by side: as in the paper, then those that are not in it, two by two.

    source: the paper that the study names, None for none."""
    in_paper = PAIRS.get(source, ())
    others = [name for name in models if name not in chain(*in_paper)]
    found = [pair for pair in in_paper if set(pair) <= set(models)]
    return found + list(zip(others[::2], others[1::2], strict=False))


def as_in_paper(name, source=None):
    """Return the line of a title that says which figure of the paper the one of this name is like, '' for none."""
    figure = FIGURES.get(source, {}).get(name)
    return f"\nas {figure} of {source}" if figure else ""
