"""CLIP's vision part and ViT over KerasHub's layers, of any size.

Radford et al., Learning Transferable Visual Models From Natural Language Supervision, ICML 2021; Dosovitskiy et al., An
Image is Worth 16x16 Words, ICLR 2021. Weights are those of KerasHub's presets, or .safetensors files as Hugging Face
has them, whose names are in :mod:`benchmark.models.weights.transformer_names`."""

import keras
import numpy as np

from benchmark.errors import WeightsError
from benchmark.models.hub_backbones import clip_vision, cls_token

CLIP_B32 = {"patch_size": 32, "hidden_dim": 768, "num_layers": 12, "num_heads": 12, "intermediate_dim": 3072}
VIT_B16 = {"patch_size": 16, "hidden_dim": 768, "num_layers": 12, "num_heads": 12, "mlp_dim": 3072}
PLACE = "a folder, and give its path as 'weights'"
CLIP_MEAN, CLIP_SD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # github.com/openai/CLIP


def CLIPVision(
    include_top=False, weights=None, input_shape=(224, 224, 3), pooling=None, projection_dim=512,
    activation="quick_gelu", **sizes,
):  # fmt: skip
    """Return CLIP's vision part: (size, size, 3) normalised RGB to its projected embedding (projection_dim,).

    The embedding is not brought to length 1: it is what ``encode_image`` of github.com/openai/CLIP returns. ``sizes``
    are those of KerasHub's CLIPVisionEncoder, ViT-B/32 unless given: 87,849,216 trainable parameters. ``weights`` is
    None or 'openai', of ViT-B/32. There is no top, and ``pooling`` has no effect."""
    import keras_hub  # imported late: it takes seconds

    if weights is not None:
        _check_named(weights, "openai", "CLIP ViT-B/32", input_shape, sizes)
        whole = keras_hub.models.CLIPBackbone.from_preset(CLIPVision.preset)
        return clip_vision(whole.vision_encoder, whole.vision_projection)
    encoder = keras_hub.models.CLIPVisionEncoder(
        **CLIP_B32 | sizes, intermediate_activation=activation, image_shape=tuple(input_shape)
    )
    projection = keras.layers.Dense(projection_dim, use_bias=False, name="vision_projection")
    return clip_vision(encoder, projection)


def ViT(include_top=False, weights=None, input_shape=(224, 224, 3), pooling=None, layer_norm_epsilon=1e-12, **sizes):
    """Return ViT: (size, size, 3) normalised RGB to its class token (hidden_dim,) after the last normalisation.

    ``sizes`` are those of KerasHub's ViTBackbone, ViT-B/16 unless given: 85,798,656 parameters. ``weights`` is None or
    'imagenet' (ImageNet-21k, then ImageNet), of ViT-B/16. There is no top, and ``pooling`` has no effect."""
    import keras_hub

    if weights is not None:
        _check_named(weights, "imagenet", "ViT-B/16", input_shape, sizes)
        backbone = keras_hub.models.ViTBackbone.from_preset(ViT.preset)
    else:
        backbone = keras_hub.models.ViTBackbone(
            **VIT_B16 | sizes, layer_norm_epsilon=layer_norm_epsilon, image_shape=tuple(input_shape)
        )
    return keras.Model(backbone.inputs[0], cls_token(backbone), name="vit")


def _check_named(given, known, network, input_shape, sizes):
    """Raise :class:`WeightsError` unless named weights are those of a network as it is asked for."""
    if given != known:
        raise WeightsError(f"there are no '{given}' weights; known are {known}, random, or a path")
    if sizes or tuple(input_shape) != (224, 224, 3):
        raise WeightsError(
            f"the '{known}' weights are those of {network} over 224 pixels; leave out 'options' and 'input_size', or "
            "give a path"
        )


def clip_input(images):
    """Return RGB 0..255 images (..., 3) standardised by the statistics of CLIP's training pictures."""
    return (np.asarray(images) / 255 - np.array(CLIP_MEAN)) / np.array(CLIP_SD)


def vit_input(images):
    """Return RGB 0..255 images (..., 3) as -1..1."""
    return np.asarray(images) / 127.5 - 1


CLIPVision.preset, CLIPVision.preprocess_input = "clip_vit_base_patch32", clip_input
CLIPVision.weights_place = "model.safetensors of https://huggingface.co/openai/clip-vit-base-patch32", PLACE
ViT.preset, ViT.preprocess_input = "vit_base_patch16_224_imagenet", vit_input
ViT.weights_place = "model.safetensors of https://huggingface.co/google/vit-base-patch16-224", PLACE
