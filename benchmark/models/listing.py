"""The networks that a study can name, as a table that grows while they are laid out."""

import keras

from benchmark.models.sound_network import build_sound_network
from benchmark.models.sources import laid_out
from benchmark.store.reasons import reason_of

COLUMNS = ("name", "label", "input", "parameters", "weights", "backbone")
WITHOUT_LAYERS = {  # by what a model reads: what has no layers of Keras before its head
    "spectrogram": {"input": "spectrogram", "parameters": "0"},
    "pixels": {"input": "film", "parameters": "0"},
    "low_level": {"input": "film", "parameters": "0"},
    "given": {"input": "features", "parameters": "0"},
    "several": {"input": "several", "parameters": "of each"},
    "nothing": {"input": "nothing", "parameters": "0"},
}
WIDEST = {"input": "1000 x 1000", "parameters": "1,000,000,000"}  # known only as the rows come


def list_networks(networks):
    """Print one row per network as soon as it is known: name, label, input, parameters without the new head, weights,
    backbone. Below the row of a network that cannot be laid out stands why."""
    known = [
        {"name": n.name, "label": n.label, "weights": n.weights_name or "", "backbone": n.backbone or ""}
        for n in networks
    ]
    texts = [dict(zip(COLUMNS, COLUMNS, strict=True)), WIDEST, *known]
    widths = {name: max(len(row.get(name, "")) for row in texts) for name in COLUMNS}
    _print(texts[0], widths)
    for network, row in zip(networks, known, strict=True):
        size, reason = _size(network)
        _print(row | size, widths)
        if reason:
            print(f"  {network.name}: {reason}", flush=True)


def _print(row, widths):
    cells = (row[name].rjust(width) if name == "parameters" else row[name].ljust(width)
             for name, width in widths.items())  # fmt: skip
    print("  ".join(cells).rstrip(), flush=True)


def _size(network):
    """Return input and parameters as text, and why they are not known; a hub's network says nothing before it is
    fetched."""
    if network.reads in WITHOUT_LAYERS:
        return WITHOUT_LAYERS[network.reads], ""
    try:
        if network.reads == "waveform":
            count = "its hub's" if network.is_saved_model else f"{build_sound_network(network).parameters:,}"
            return {"input": f"{network.sample_rate / 1000:g} kHz", "parameters": count}, ""
        core = laid_out(network)
        height, width = core.input_shape[1:3]
        return {"input": f"{height} x {width}", "parameters": f"{core.count_params():,}"}, ""
    except Exception as error:  # of any library, and of a user's own builder: the other rows are still printed
        return {"input": "?", "parameters": "?"}, reason_of(error)
    finally:
        keras.utils.clear_session()
