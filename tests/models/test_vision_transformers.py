"""CLIP's vision part and ViT beside those of Hugging Face's transformers, with files as transformers writes them."""

import keras
import numpy as np
import pytest

from benchmark.config.study import NetworkParams
from benchmark.models import catalogue
from benchmark.models.vision_transformers import CLIPVision, ViT, clip_input, vit_input
from benchmark.models.weights import load as weights

TOLERANCE = 1e-4  # float32: two blocks of sums of 64 products, outputs of about 1
MODULE = "benchmark.models.vision_transformers"
SMALL = {"hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 3,
         "image_size": 32, "patch_size": 8}  # fmt: skip
OPTIONS = {"patch_size": 8, "hidden_dim": 48, "num_layers": 2, "num_heads": 3}
CLIP = OPTIONS | {"intermediate_dim": 64, "projection_dim": 20}
VIT = OPTIONS | {"mlp_dim": 64}
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype("float32")


def randomised(model, torch):
    """Return a torch model whose weights are all drawn anew, so that none is 0, 1 or alike."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            torch.nn.init.normal_(tensor, mean=1.0 if "norm.weight" in name else 0.0, std=0.2)
    return model.eval()


def clip(transformers):
    config = transformers.CLIPVisionConfig(**SMALL, projection_dim=20)
    return transformers.CLIPVisionModelWithProjection(config), lambda found: found.image_embeds


def vit(transformers):
    return transformers.ViTModel(transformers.ViTConfig(**SMALL)), lambda found: found.last_hidden_state[:, 0]


def classifier(transformers):
    """A classifier's file holds the same network behind a prefix; its class token is behind the last normalisation."""
    model = transformers.ViTForImageClassification(transformers.ViTConfig(**SMALL))
    return model, lambda found: model.vit.layernorm(found.hidden_states[-1])[:, 0]


THEIRS = {  # how transformers builds it, what of its output is compared, our builder with its options
    "clip": (clip, "CLIPVision", CLIP, clip_input),
    "vit": (vit, "ViT", VIT, vit_input),
    "vit_classifier": (classifier, "ViT", VIT, vit_input),
}


@pytest.fixture(scope="module", params=THEIRS)
def pair(request, tmp_path_factory):
    """Return our settings, with the path of a file that transformers wrote, and what transformers gives for IMAGES."""
    torch = pytest.importorskip("torch", reason="pip install -r requirements/test.txt")
    transformers = pytest.importorskip("transformers", reason="pip install -r requirements/test.txt")
    build, name, options, prepare = THEIRS[request.param]
    model, output = build(transformers)
    folder = tmp_path_factory.mktemp(request.param)
    randomised(model, torch).save_pretrained(folder)
    with torch.no_grad():
        pixels = torch.from_numpy(prepare(IMAGES).astype("float32").transpose(0, 3, 1, 2))
        expected = output(model(pixel_values=pixels, output_hidden_states=True)).numpy()
    given = {"backbone": f"{MODULE}:{name}", "options": options, "input_size": 32, "reads": "picture"}
    return NetworkParams(name="n", label="N", weights=str(folder / "model.safetensors"), **given), expected


def test_a_file_of_transformers_gives_the_same_features(pair):
    network, expected = pair
    backbone = catalogue.build_backbone(network)
    assert np.ptp(expected, axis=0).max() > 100 * TOLERANCE  # the pictures differ by far more than what is allowed
    np.testing.assert_allclose(backbone.model.predict_on_batch(IMAGES), expected, rtol=0, atol=TOLERANCE)
    assert backbone.weights["name"] == "model.safetensors"


def test_features_of_a_picture_do_not_depend_on_its_batch(pair):
    model = catalogue.build_backbone(pair[0]).model
    alone = [model.predict_on_batch(image[None])[0] for image in IMAGES]
    np.testing.assert_allclose(model.predict_on_batch(IMAGES), alone, atol=1e-5)  # sums of float32 in another order


def test_a_file_of_other_sizes_is_told_and_changes_nothing(pair):
    network, _ = pair
    deeper = network.model_copy(update={"options": network.options | {"num_layers": 3}})
    with pytest.raises(weights.WeightsError, match=r"needs '.*2.*'; it has"):
        catalogue.build_backbone(deeper)
    wider = network.model_copy(update={"options": network.options | {"hidden_dim": 96}})
    with pytest.raises(weights.WeightsError, match=r"needs '.*' as a .* of .*; it has"):
        catalogue.build_backbone(wider)


@pytest.mark.parametrize(("builder", "options"), [(CLIPVision, CLIP), (ViT, VIT)])
def test_weights_that_keras_wrote_come_back(tmp_path, builder, options):
    model, other = (builder(input_shape=(32, 32, 3), **options) for _ in range(2))
    model.save_weights(tmp_path / "w.weights.h5")
    weights.load_file(other, tmp_path / "w.weights.h5", builder=builder)
    np.testing.assert_array_equal(model.predict_on_batch(IMAGES), other.predict_on_batch(IMAGES))


# CLIPVisionModelWithProjection and ViTModel without its pooler, of their default sizes, in transformers.
@pytest.mark.parametrize(("builder", "count", "dim"), [(CLIPVision, 87_849_216, 512), (ViT, 85_798_656, 768)])
def test_the_sizes_are_those_of_the_published_networks(builder, count, dim):
    with keras.StatelessScope(initialize_variables=False):  # the layers alone: it is quicker
        model = builder()
    assert sum(np.prod(value.shape) for value in model.trainable_weights) == count
    assert model.output_shape == (None, dim)


def test_patches_in_another_order_are_another_picture_also_with_random_weights():
    """KerasHub numbers CLIP's positions only when weights are loaded; all 0, the order of patches would not count."""
    model = CLIPVision(input_shape=(32, 32, 3), **CLIP)
    mirrored = np.concatenate([IMAGES[:, 8:], IMAGES[:, :8]], axis=1)  # rows of whole patches
    assert np.abs(model.predict_on_batch(IMAGES / 255) - model.predict_on_batch(mirrored / 255)).max() > 1e-4


@pytest.mark.parametrize(("given", "words"), [
    ({"weights": "imagenet"}, "there are no 'imagenet' weights; known are openai, random, or a path"),
    ({"weights": "openai", "options": CLIP}, "'openai' weights are those of CLIP ViT-B/32 over 224 pixels; leave out"),
    ({"weights": "openai", "input_size": 96}, "'openai' weights are those of CLIP ViT-B/32 over 224 pixels; leave out"),
])  # fmt: skip
def test_named_weights_are_of_one_network(given, words):
    with pytest.raises(weights.WeightsError, match=words):
        catalogue.build_backbone(NetworkParams(name="n", label="N", backbone=f"{MODULE}:CLIPVision", **given))
