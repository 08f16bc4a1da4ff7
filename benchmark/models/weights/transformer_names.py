"""What the layers of vision transformers are called in files of Hugging Face's transformers: {Keras' path: torch's}."""

CLIP_ENDS = {
    "embedding/class_embedding": "vision_model.embeddings.class_embedding",
    "embedding/patch_embedding": "vision_model.embeddings.patch_embedding",
    "embedding/position_embedding": "vision_model.embeddings.position_embedding",
    "pre_layer_norm": "vision_model.pre_layrnorm",  # spelt so
    "layer_norm": "vision_model.post_layernorm",
    "vision_projection": "visual_projection",
}
CLIP_BLOCK = {
    "layer_norm_1": "layer_norm1", "attention/query": "self_attn.q_proj", "attention/key": "self_attn.k_proj",
    "attention/value": "self_attn.v_proj", "attention/attention_output": "self_attn.out_proj",
    "layer_norm_2": "layer_norm2", "dense_1": "mlp.fc1", "dense_2": "mlp.fc2",
}  # fmt: skip
VIT_ENDS = {
    "vit_patching_and_embedding/class_token": "embeddings.cls_token",
    "vit_patching_and_embedding/patch_embedding": "embeddings.patch_embeddings.projection",
    "vit_patching_and_embedding/position_embedding/embeddings": "embeddings.position_embeddings",
    "vit_encoder/ln": "layernorm",
}
AST_ENDS = {
    "tokens_and_positions/class_token": "embeddings.cls_token",
    "tokens_and_positions/distillation_token": "embeddings.distillation_token",
    "tokens_and_positions/positions": "embeddings.position_embeddings",
    "patch_embedding": "embeddings.patch_embeddings.projection",
    "vit_encoder/ln": "layernorm",
}
VIT_BLOCK = {
    "ln_1": "layernorm_before", "mha/query": "attention.attention.query", "mha/key": "attention.attention.key",
    "mha/value": "attention.attention.value", "mha/attention_output": "attention.output.dense",
    "ln_2": "layernorm_after", "mlp/dense_1": "intermediate.dense", "mlp/dense_2": "output.dense",
}  # fmt: skip


def clip_vision(model):
    """Return the names of CLIP's vision part, as in CLIPModel and CLIPVisionModelWithProjection."""
    n_blocks = sum(layer.name.startswith("encoder_block_") for layer in model.layers)
    return CLIP_ENDS | {
        f"encoder_block_{block}/{ours}": f"vision_model.encoder.layers.{block}.{theirs}"
        for block in range(n_blocks) for ours, theirs in CLIP_BLOCK.items()
    }  # fmt: skip


def vit(model, ends=VIT_ENDS):
    """Return the names of ViT, as in ViTModel; ``ends`` are those of what is no block."""
    return ends | {
        f"vit_encoder/transformer_block_{block + 1}/{ours}": f"encoder.layer.{block}.{theirs}"
        for block in range(model.get_layer("vit_encoder").num_layers) for ours, theirs in VIT_BLOCK.items()
    }  # fmt: skip


def ast(model):
    """Return the names of the audio spectrogram transformer, as in ASTModel."""
    return vit(model, AST_ENDS)
