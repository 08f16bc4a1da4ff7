"""Models and figures in the order of a paper, for studies that name it (``published``)."""

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
} | {
    "wehrmann2017": {
        "learning_curves_frames": "Fig. 2", "learning_curves_sound": "Fig. 5", "class_curves": "Fig. 6",
        "example": "Fig. 7",
    },
    "sulun2024": {"sweep_frames.n": "Fig. 6", "sweep_head.length": "Fig. 6"},
}  # fmt: skip

# wehrmann2017, by the names that a study of it gives its models: the rows of Table 3 and the columns of Table 4.
TABLE_3 = ("random", "vllf", "av", "lstm", "ctt_s", "ctt_a", "ctt_b", "ctt_c", "ctt_tn")
TABLE_4 = ("ctt_c", "ctt_s", "ctt_tn", "lstm", "av", "random")
PARTS, DRAWS = (3, 5, 7, 9, 11), (5, 10)  # of Table 1; the model with the most of both is the one of the other tables
TABLE_1 = {(p, n): "ctt_s" if (p, n) == (11, 10) else f"ctt_s_{p}_{n}" for p in PARTS for n in DRAWS}
CURVES = {  # figures of the training of several models in one: the models of each
    "wehrmann2017": {
        "learning_curves_frames": ("ctt_a", "ctt_b", "ctt_c"),
        "learning_curves_sound": tuple(TABLE_1[parts, DRAWS[-1]] for parts in PARTS),
    }
}
SHOWN = {"wehrmann2017": "ctt_tn"}  # the model whose predictions of single clips are shown

# sulun2024, by the names that a study of it gives its models: Table 1, of which the first is the baseline and the last
# the one that its other tables are of; and how Table 3 prints that one with some of its features.
SULUN_TABLE_1 = {
    "vit_ast": "Baseline", "mlp": "MLP", "single_transformer": "Single-transformer",
    "multi_transformer": "Multi-transformer",
}  # fmt: skip
SULUN_TABLE_3 = {
    "clip": "X", "clip-musicnet": "X X", "clip-musicnet-audiotag": "X X X", "clip-musicnet-audiotag-ocr": "X X X X",
    "clip-musicnet-audiotag-ocr_averaged": "X X X ∗", "clip-musicnet-audiotag-ocr-asr": "X X X X X",
    "clip-musicnet-audiotag-ocr_averaged-asr_averaged": "X X X ∗ ∗",
}  # fmt: skip


def in_order(models, first=TABLE_3):
    """Return names of models: those of a paper's table first, in its order, then others but for those of Table 1."""
    others = [name for name in models if name not in (*TABLE_3, *TABLE_1.values())]
    return [*(name for name in first if name in models), *others]


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
