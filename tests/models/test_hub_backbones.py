"""KerasHub's backbones as features of pictures: small presets in folders, against what their classes say themselves."""

import keras
import keras_hub
import numpy as np
import pytest

from benchmark.config.study import NetworkParams
from benchmark.errors import StudyError
from benchmark.models import catalogue, hub_backbones

SIZES = {"patch_size": 8, "hidden_dim": 24, "num_layers": 2, "num_heads": 2}
SQUARE = {"image_shape": (32, 32, 3)}
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype("float32")


def clip():
    vision = keras_hub.models.CLIPVisionEncoder(**SIZES, intermediate_dim=48, **SQUARE)
    vision.embedding.position_ids.assign(np.arange(17)[None])  # as in presets with weights
    text = keras_hub.models.CLIPTextEncoder(99, 24, 24, 1, 2, 48, max_sequence_length=8)
    return keras_hub.models.CLIPBackbone(vision, text, projection_dim=12)


def siglip():
    vision = keras_hub.models.SigLIPVisionEncoder(**SIZES, intermediate_dim=48, **SQUARE)
    text = keras_hub.models.SigLIPTextEncoder(99, 24, 24, 1, 2, 48, max_sequence_length=8)
    return keras_hub.models.SigLIPBackbone(vision, text)


BUILT = {  # the backbone, and what of it the features are, of prepared pictures
    "CLIPBackbone": (clip, lambda backbone, x: backbone.get_vision_embeddings(x)),
    "SigLIPBackbone": (siglip, lambda backbone, x: backbone.get_vision_embeddings(x)),
    "ViTBackbone": (
        lambda: keras_hub.models.ViTBackbone(**SIZES, mlp_dim=48, **SQUARE), lambda backbone, x: backbone(x)[:, 0],
    ),
    "DINOV2Backbone": (
        lambda: keras_hub.models.DINOV2Backbone(
            **SIZES, intermediate_dim=48, **SQUARE, position_embedding_shape=SQUARE["image_shape"]
        ),
        lambda backbone, x: backbone({"images": x})[:, 0],
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=BUILT)
def preset(request, tmp_path_factory):
    """Return (class, folder of the preset, the backbone, what its features should be)."""
    build, features = BUILT[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    keras.utils.set_random_seed(0)
    backbone = build()
    backbone.save_to_preset(str(folder))
    scale = [1 / 127.5, 1 / 255, 1 / 100]
    keras_hub.layers.ImageConverter(image_size=(32, 32), scale=scale, offset=[-1.0, 0.0, 0.5]).save_to_preset(folder)
    return request.param, folder, backbone, features(backbone, IMAGES * scale + np.array([-1.0, 0.0, 0.5]))


def of(folder, **given):
    return NetworkParams(name="n", label="N", backbone=f"keras_hub:{folder}", **given)


def test_every_row_is_tried():
    assert set(BUILT) == set(hub_backbones.ROWS)


def test_features_are_what_the_class_gives_for_pictures_and_other_parts_do_not_count(preset):
    kind, folder, backbone, expected = preset
    found = catalogue.build_backbone(of(folder))
    assert found.input_size == 32  # the preset's own
    np.testing.assert_allclose(found.model.predict_on_batch(IMAGES), expected, rtol=0, atol=1e-5)  # float32, about 1
    text = backbone.text_encoder.count_params() if hasattr(backbone, "text_encoder") else 0
    assert found.parameters <= backbone.count_params() - text
    if kind == "CLIPBackbone":
        assert found.parameters == backbone.vision_encoder.count_params() + 24 * 12


def test_random_weights_have_the_sizes_of_the_preset_and_others_for_each_seed(preset):
    _, folder, _, expected = preset
    drawn = [catalogue.build_backbone(of(folder, weights="random"), seed) for seed in (0, 1)]
    assert drawn[0].model.output_shape == (None, expected.shape[1])
    assert drawn[0].weights["sha256"] != drawn[1].weights["sha256"]


def test_another_size_is_taken_by_networks_that_can_and_told_by_others(preset):
    kind, folder, _, expected = preset
    if hub_backbones.ROWS[kind].is_resizable:
        assert catalogue.build_backbone(of(folder, input_size=48)).model.output_shape == (None, expected.shape[1])
    else:
        with pytest.raises(StudyError, match="reads pictures of 32 pixels, and its weights serve no others"):
            catalogue.build_backbone(of(folder, input_size=48))


def test_a_backbone_that_reads_no_pictures_is_told(tmp_path):
    keras_hub.models.DistilBertBackbone(99, 1, 2, 24, 48, max_sequence_length=8).save_to_preset(str(tmp_path))
    with pytest.raises(StudyError, match=r"/.* says nothing of how pictures are prepared"):
        catalogue.build_backbone(of(tmp_path))
    with pytest.raises(StudyError, match="is a DistilBertBackbone, which reads no pictures"):
        hub_backbones.row_of(str(tmp_path))
