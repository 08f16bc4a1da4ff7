"""What the features of a picture are in each of KerasHub's backbones: a table by their classes."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from benchmark.errors import StudyError


def clip_vision(encoder, projection):
    """Return the vision part of CLIP as a model of its own: a picture to its projected embedding.

    It is what ``get_vision_embeddings`` of KerasHub's CLIPBackbone computes, without the layers for text."""
    positions = encoder.embedding.position_ids  # KerasHub leaves them 0 where no weights are loaded
    positions.assign(np.arange(positions.shape[1])[None])
    return keras.Model(encoder.inputs[0], projection(cls_token(encoder)), name="clip_vision")


def cls_token(backbone):
    """Return the first of a backbone's outputs (n_tokens, dim), which stands for the whole picture."""
    return backbone.output[:, 0]


def _as_it_is(backbone):
    return keras.Model(backbone.inputs[0], backbone.output, name="keras_hub")


def _with_cls_token(backbone):
    return keras.Model(backbone.inputs[0], cls_token(backbone), name="keras_hub")


def _siglip_vision(backbone):
    """Return SigLIP's vision part, which ends in attention over all patches: ``get_vision_embeddings``."""
    return _as_it_is(backbone.vision_encoder)


@dataclass(frozen=True)
class HubBackbone:
    """A row: how one of KerasHub's backbones becomes a model with a picture as its one input, and its features."""

    model: Callable
    reads: Callable = lambda backbone: backbone  # the part that reads pictures, which has their image_shape
    is_resizable: bool = False  # whether the same weights serve pictures of another size


ROWS = {  # by the class of the backbone; of all others the output as it is, pooled where it is a map
    "CLIPBackbone": HubBackbone(
        lambda backbone: clip_vision(backbone.vision_encoder, backbone.vision_projection),
        lambda backbone: backbone.vision_encoder,
    ),
    "SigLIPBackbone": HubBackbone(_siglip_vision, lambda backbone: backbone.vision_encoder),
    "ViTBackbone": HubBackbone(_with_cls_token),
    "DINOV2Backbone": HubBackbone(_with_cls_token, is_resizable=True),  # it interpolates its positions
}
OTHER = HubBackbone(_as_it_is, is_resizable=True)


def row_of(preset):
    """Return the row of a KerasHub preset, and the shape of its pictures (height, width, 3), None for any size.

    Raises StudyError for a preset that reads no pictures."""
    from keras_hub.models import Backbone  # imported late: it takes seconds

    with keras.StatelessScope(initialize_variables=False):  # the layers alone, to know what it is
        backbone = Backbone.from_preset(preset, load_weights=False)
    kind = type(backbone).__name__
    row = ROWS.get(kind, OTHER)
    if not hasattr(row.reads(backbone), "image_shape"):
        raise StudyError(f"keras_hub:{preset} is a {kind}, which reads no pictures")
    return row, tuple(row.reads(backbone).image_shape)


def picture_model(preset, load_weights, input_shape=None, **options):
    """Return the model of a KerasHub preset that takes pictures to features, of pictures of its own size unless given.

    Raises StudyError where its weights do not serve ``input_shape`` (height, width, 3), else as :func:`row_of`."""
    from keras_hub.models import Backbone

    row, own = row_of(preset)
    if input_shape is not None and not row.is_resizable and tuple(input_shape) != own:
        raise StudyError(
            f"keras_hub:{preset} reads pictures of {own[0]} pixels, and its weights serve no others: leave out "
            f"'input_size'; got {input_shape[0]}"
        )
    if row.is_resizable and input_shape is not None:
        options["image_shape"] = tuple(input_shape)
    return row.model(Backbone.from_preset(preset, load_weights=load_weights, **options))
