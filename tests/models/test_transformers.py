"""Transformers of Sulun et al. 2024: their sizes, PyTorch's own encoder beside ours, and what masks leave out."""

import keras
import numpy as np
import pytest
from scipy.special import expit

from benchmark.config.heads import HeadParams
from benchmark.errors import StudyError
from benchmark.models.heads import HEADS, mlp
from benchmark.models.heads.attention import Positions, encoded, encoder_layer
from benchmark.models.heads.transformers import multi_transformer, single_transformer

RNG = np.random.default_rng(0)
DIMS = {"clip": 512, "ocr": 768, "asr": 768, "audiotag": 128, "musicnet": 64}
SMALL = {"clip": 6, "ocr": 8, "asr": 8}
TINY = {"width": 8, "n_heads": 2, "positions": 20}
TEXTS = ("ocr", "asr")


def layer_size(width):
    """Return the parameters of one encoder layer: four projections, two dense layers, two normalisations."""
    return 4 * (width**2 + width) + (width * 4 * width + 4 * width) + (4 * width * width + width) + 2 * 2 * width


def single_size(width, n_layers, n_classes, rows=5000):
    """Return the parameters of a transformer over the five features of the paper."""
    of_features = sum(dim * width + width + width + rows * width for dim in DIMS.values())  # dense, SEP, positions
    return of_features + width + n_layers * layer_size(width) + 2 * width + width * n_classes + n_classes  # CLS, norm


def multi_size(width, n_classes, averaged=(), rows=5000):
    """Return the parameters of a transformer of one layer for each of the five features that is not averaged."""
    widths = {name: width or dim for name, dim in DIMS.items()}
    dense = sum(dim * width + width for dim in DIMS.values()) if width else 0
    alone = [own for name, own in widths.items() if name not in averaged]
    of_features = sum(rows * own + own + layer_size(own) + 2 * own for own in alone)  # positions, CLS, layer, norm
    return dense + of_features + sum(widths.values()) * n_classes + n_classes


SIZES = {  # of the paper 8.56 M; its 6.98 M of the multi-transformer and 57k of the MLP fit no setting
    "single": (8_561_685, single_size(256, 2, 21), "single_transformer", {}),
    "multi": (4_494_101, multi_size(128, 21), "multi_transformer", {}),
    "multi, texts averaged": (2_816_789, multi_size(128, 21, TEXTS), "multi_transformer", {"averaged": TEXTS}),
    "multi of own widths": (
        6_969_813, multi_size(None, 21, TEXTS), "multi_transformer", {"averaged": TEXTS, "width": None},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("known", "by_hand", "kind", "settings"), SIZES.values(), ids=SIZES)
def test_transformers_have_the_parameters_of_sulun_2024(known, by_hand, kind, settings):
    head = HEADS[kind](DIMS, 21, 0.0, False, "sigmoid", **HeadParams(kind=kind, **settings).layers)
    assert head.count_params() == known == by_hand


def test_the_mlp_of_sulun_2024_reads_the_means_of_all_features():
    dim = sum(DIMS.values())
    assert mlp(dim, 21, hidden=()).count_params() == 47_061 == dim * 21 + 21
    assert mlp(dim, 21, hidden=(256,)).count_params() == 579_093 == dim * 256 + 256 + 256 * 21 + 21


def several(lengths, dims=SMALL, most=9):
    """Return the inputs for one clip with so many steps of each feature; what is no step is 0."""
    inputs = {}
    for name, dim in dims.items():
        steps, mask = np.zeros((1, most, dim), "float32"), np.zeros((1, most), "float32")
        rng = np.random.default_rng([lengths[name], dim])
        steps[0, : lengths[name]], mask[0, : lengths[name]] = rng.normal(size=(lengths[name], dim)), 1
        inputs |= {name: steps, f"{name}_mask": mask}
    return inputs


def made(kind, **settings):
    keras.utils.set_random_seed(0)
    head = HEADS[kind](SMALL, 3, 0.1, True, "sigmoid", **HeadParams(kind=kind, **TINY | settings).layers)
    for name in SMALL:
        head.get_layer(f"standardize_{name}").adapt([RNG.normal(1, 2, size=(20, SMALL[name]))])
    return head


KINDS = [("single_transformer", {}), ("multi_transformer", {}), ("multi_transformer", {"averaged": TEXTS})]


@pytest.mark.parametrize("absent", [(), ("ocr",), tuple(SMALL)])
@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_padding_changes_no_score_also_of_a_feature_that_a_clip_lacks(kind, settings, absent):
    head = made(kind, **settings)
    lengths = {name: 0 if name in absent else 1 if name in TEXTS else 4 for name in SMALL}
    short, long = (several(lengths, most=most) for most in (4, 9))
    expected = np.asarray(head(short))
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(head(long), expected, atol=1e-5)  # float32
    for name in SMALL:
        long[name][long[f"{name}_mask"] == 0] = 7  # what is no step is never read
    np.testing.assert_allclose(head(long), expected, atol=1e-5)


@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_every_feature_counts_and_its_order_does_unless_it_is_averaged(kind, settings):
    head, inputs = made(kind, **settings), several(dict.fromkeys(SMALL, 4))
    for layer in (layer for layer in head.layers if isinstance(layer, Positions)):
        layer.set_weights([50 * table for table in layer.get_weights()])  # they start small
    before = np.asarray(head(inputs))
    for name in SMALL:
        other = inputs | {name: np.concatenate([inputs[name][:, 3::-1], inputs[name][:, 4:]], axis=1)}
        moved = np.abs(np.asarray(head(other)) - before).max()
        assert moved < 1e-5 if name in settings.get("averaged", ()) else moved > 1e-4
        assert np.abs(np.asarray(head(inputs | {name: 2 * inputs[name]})) - before).max() > 1e-4


def test_an_averaged_feature_goes_through_a_dense_layer_alone():
    head = multi_transformer({"a": 3, "b": 4}, 2, activation="sigmoid", width=5, averaged=("a", "b"))
    inputs = several({"a": 1, "b": 1}, {"a": 3, "b": 4}, most=1)
    weights = {weight.path: np.asarray(weight) for weight in head.weights}
    vectors = [inputs[n][0, 0] @ weights[f"dense_{n}/kernel"] + weights[f"dense_{n}/bias"] for n in "ab"]
    expected = expit(np.concatenate(vectors) @ weights["scores/kernel"] + weights["scores/bias"])
    np.testing.assert_allclose(head(inputs)[0], expected, atol=1e-6)  # float32


@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_heads_over_several_features_say_the_same_when_they_were_saved(tmp_path, kind, settings):
    head, inputs = made(kind, **settings), several({"clip": 5, "ocr": 1, "asr": 0})
    head.save(tmp_path / "head.keras")
    again = keras.models.load_model(tmp_path / "head.keras")
    np.testing.assert_array_equal(again(inputs), head(inputs))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_scores_over_several_features_are_float32_in_mixed_precision(kind, settings, policy):
    exact, inputs = made(kind, **settings), several({"clip": 5, "ocr": 1, "asr": 0})
    keras.config.set_dtype_policy(policy)
    try:
        head = made(kind, **settings)
    finally:
        keras.config.set_dtype_policy("float32")
    head.set_weights(exact.get_weights())
    scores = np.asarray(head(inputs))
    assert scores.dtype == "float32"
    np.testing.assert_allclose(scores, exact(inputs), atol=0.03)  # bfloat16 has eight bits


@pytest.mark.parametrize("n_layers", [1, 2])
def test_an_encoder_is_pytorchs(n_layers):
    torch = pytest.importorskip("torch", reason="compares with torch.nn.TransformerEncoder: pip install torch")
    x, mask = RNG.normal(size=(3, 7, 16)).astype("float32"), np.arange(7) < np.array([[7], [4], [1]])
    steps, real = keras.Input((None, 16)), keras.Input((None,))
    ours = keras.Model([steps, real], encoded(steps, real, n_layers, 4, 0.5, "encoder"))
    ours.set_weights([weight + RNG.normal(0, 0.1, weight.shape) for weight in ours.get_weights()])
    layer = torch.nn.TransformerEncoderLayer(16, 4, 64, 0.5, activation="relu", batch_first=True)
    theirs = torch.nn.TransformerEncoder(layer, n_layers, torch.nn.LayerNorm(16), enable_nested_tensor=False).eval()
    weights = {weight.path: torch.tensor(np.asarray(weight)) for weight in ours.weights}
    theirs.load_state_dict(as_pytorch(weights, n_layers))
    with torch.no_grad():
        expected = theirs(torch.tensor(x), src_key_padding_mask=torch.tensor(~mask)).numpy()
    found = np.asarray(ours([x, mask.astype("float32")]))
    np.testing.assert_allclose(found[mask], expected[mask], atol=1e-5)  # float32 sums
    assert ours.count_params() == sum(parameter.numel() for parameter in theirs.parameters())


def as_pytorch(weights, n_layers):
    """Return the state of a TransformerEncoder from the weights of ours, by path."""
    state = {"norm.weight": weights["encoder_norm/gamma"], "norm.bias": weights["encoder_norm/beta"]}
    for number in range(n_layers):
        own = {path.removeprefix(f"encoder_{number + 1}_"): w for path, w in weights.items()}
        three = [own[f"attention/{name}/kernel"].reshape(16, 16).T for name in ("query", "key", "value")]
        biases = [own[f"attention/{name}/bias"].reshape(16) for name in ("query", "key", "value")]
        out = "attention/attention_output"
        named = {
            "self_attn.in_proj_weight": three[0].new_tensor(np.concatenate(three)),
            "self_attn.in_proj_bias": biases[0].new_tensor(np.concatenate(biases)),
            "self_attn.out_proj.weight": own[f"{out}/kernel"].reshape(16, 16).T,
            "self_attn.out_proj.bias": own[f"{out}/bias"],
        }
        for theirs, name in {"linear1": "widened", "linear2": "narrowed"}.items():
            named |= {f"{theirs}.weight": own[f"{name}/kernel"].T, f"{theirs}.bias": own[f"{name}/bias"]}
        for theirs, name in {"norm1": "attention_norm", "norm2": "narrowed_norm"}.items():
            named |= {f"{theirs}.weight": own[f"{name}/gamma"], f"{theirs}.bias": own[f"{name}/beta"]}
        state |= {f"layers.{number}.{name}": weight for name, weight in named.items()}
    return state


def test_an_encoder_layer_starts_as_pytorchs():
    torch = pytest.importorskip("torch", reason="compares with torch.nn.TransformerEncoderLayer: pip install torch")
    theirs = torch.nn.TransformerEncoderLayer(64, 4, 256).state_dict()
    ours = {weight.path.removeprefix("one_"): np.asarray(weight) for weight in encoder_layer(64, 4, 0.5, "one").weights}
    for path, name in {
        "attention/query/kernel": "self_attn.in_proj_weight", "attention/query/bias": "self_attn.in_proj_bias",
        "attention/attention_output/kernel": "self_attn.out_proj.weight", "widened/kernel": "linear1.weight",
        "attention/attention_output/bias": "self_attn.out_proj.bias", "widened/bias": "linear1.bias",
        "narrowed/kernel": "linear2.weight", "narrowed/bias": "linear2.bias", "narrowed_norm/gamma": "norm2.weight",
    }.items():  # fmt: skip
        largest = theirs[name].abs().max().item()
        assert np.abs(ours[path]).max() == pytest.approx(largest, rel=0.1)  # the largest of 64 uniform numbers varies
        assert ours[path].std() == pytest.approx(theirs[name].numpy().std(), rel=0.2, abs=1e-7)


def test_a_head_starts_as_the_published_code_does():
    keras.utils.set_random_seed(0)
    head = single_transformer({"a": 64, "b": 64}, 21, width=64)
    weights = {weight.path: np.asarray(weight) for weight in head.weights}
    for name in ("cls", "sep_a", "sep_b"):
        vector = weights[f"{name}/vector"]
        assert 0 <= vector.min() < 0.2
        assert 0.8 < vector.max() <= 1
    assert weights["positions_a/table"].std() == pytest.approx(0.02, rel=0.02)
    assert weights["scores/kernel"].std() == pytest.approx(64**-0.5 / 3**0.5, rel=0.05)  # of a uniform distribution
    assert (weights["dense_a/kernel"] != weights["dense_b/kernel"]).all()
    first, second = (
        [weight for path, weight in weights.items() if path.startswith(f"encoder_{number}_")] for number in (1, 2)
    )
    assert len(first) == len(second) == 16
    for one, other in zip(first, second, strict=True):  # copies of each other
        np.testing.assert_array_equal(one, other)


def test_steps_beyond_the_table_of_positions_have_its_last_row():
    layer, x = Positions(3), np.zeros((2, 5, 4), "float32")
    found = np.asarray(layer(x))
    table = np.asarray(layer.table)
    np.testing.assert_array_equal(found[1], table[[0, 1, 2, 2, 2]])
    np.testing.assert_array_equal(np.asarray(layer(x[:, :2]))[0], table[:2])


def test_widths_that_do_not_go_together_are_one_sentence():
    with pytest.raises(StudyError, match=r"features of \[6, 8\] numbers make no single sequence; give"):
        single_transformer(SMALL, 3, width=None)
    with pytest.raises(StudyError, match="4 heads of attention do not divide 6 numbers; change n_heads or width"):
        multi_transformer(SMALL, 3, width=None, n_heads=4)
    with pytest.raises(ValueError, match="width 10 is not divided by n_heads 4"):
        HeadParams(kind="single_transformer", width=10, n_heads=4)
    with pytest.raises(ValueError, match="full_length has no effect without length"):
        HeadParams(kind="single_transformer", full_length=True)


def bursts(n, rng):
    """Return clips (n, 8, 8) of noise with one burst and another after it, and which of the two came first."""
    patterns = np.random.default_rng(5).normal(size=(2, 8))
    patterns *= 8 / np.linalg.norm(patterns, axis=1, keepdims=True)
    clips, first = rng.normal(size=(n, 8, 8)), rng.integers(0, 2, n)
    for clip, which in zip(clips, first, strict=True):
        clip[np.sort(rng.choice(8, 2, replace=False))] += patterns[[which, 1 - which]]
    return clips.astype("float32"), np.eye(2)[first]


def test_a_transformer_hears_the_order_of_two_bursts_and_the_mean_of_a_clip_does_not():
    rng = np.random.default_rng(0)
    (x, y), (new, expected) = bursts(2000, rng), bursts(500, rng)

    def accuracy(head, read):
        rate = keras.optimizers.schedules.CosineDecay(0.01, 10 * 40)
        head.compile(keras.optimizers.Adam(rate), "categorical_crossentropy")
        head.fit(read(x), y, batch_size=50, epochs=10, verbose=0)
        return (head.predict(read(new), verbose=0).argmax(axis=1) == expected.argmax(axis=1)).mean()

    keras.utils.set_random_seed(0)
    transformer = single_transformer(8, 2, width=32, n_layers=1, n_heads=4, dropout=0.1, positions=32)
    assert accuracy(transformer, lambda x: {"features": x, "mask": np.ones(x.shape[:2], "float32")}) > 0.95
    assert accuracy(mlp(8, 2), lambda x: x.mean(axis=1)) < 0.6
