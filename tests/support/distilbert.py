"""A folder of weights as Hugging Face has them of DistilBERT, of small sizes, with random numbers and few words."""

import json

import numpy as np
from safetensors.numpy import save_file

WORDS = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "a", "dog", "cat", "sea", "of", "night", "run", "##s",
    "##ning", "##ed", "un", "##able", "cafe", "naive", "3", "##0", "km", "'", ".", ",", "!", "?", "-", "(", ")",
    "&", "$", "—", "電", "影", "日", "本", "東", "é", "ß", "ü", "д", "##а", "fin", "##al", "cut", "z", "##z",
]  # fmt: skip
SIZES = {
    "model_type": "distilbert", "vocab_size": len(WORDS), "n_layers": 2, "n_heads": 2, "dim": 12, "hidden_dim": 20,
    "dropout": 0.1, "max_position_embeddings": 40,
}  # fmt: skip


def write_distilbert(folder, seed=0, words=WORDS, **changes):
    """Write config.json, model.safetensors and vocab.txt into a new ``folder``; return it."""
    sizes, rng = SIZES | changes, np.random.default_rng(seed)
    dim, hidden = sizes["dim"], sizes["hidden_dim"]
    shapes = {
        "embeddings.word_embeddings.weight": (sizes["vocab_size"], dim),
        "embeddings.position_embeddings.weight": (sizes["max_position_embeddings"], dim),
        **_pair("embeddings.LayerNorm", (dim,), dim),
    }
    for number in range(sizes["n_layers"]):
        layer = f"transformer.layer.{number}"
        for name in ("q_lin", "k_lin", "v_lin", "out_lin"):
            shapes |= _pair(f"{layer}.attention.{name}", (dim, dim), dim)
        shapes |= _pair(f"{layer}.ffn.lin1", (hidden, dim), hidden) | _pair(f"{layer}.ffn.lin2", (dim, hidden), dim)
        shapes |= _pair(f"{layer}.sa_layer_norm", (dim,), dim) | _pair(f"{layer}.output_layer_norm", (dim,), dim)
    folder.mkdir(parents=True)
    tensors = {f"distilbert.{name}": rng.normal(0, 0.3, shape).astype("float32") for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(sizes))
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return folder


def _pair(name, shape, n):
    return {f"{name}.weight": shape, f"{name}.bias": (n,)}
