"""The networks that a study can name, as a table."""

import keras
from rich.console import Console

from benchmark.models.catalogue import build_backbone
from benchmark.models.weights import WeightsError

COLUMNS = ("name", "label", "input", "parameters", "weights", "backbone")


def list_networks(networks):
    """Print one row per network: name, label, input, parameters without the new head, weights, backbone."""
    rows = [COLUMNS]
    with Console(stderr=True).status("building each network once …"):
        rows += [(n.name, n.label, *_size(n), n.weights_name, n.backbone) for n in networks]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _size(network):
    """Return input and parameters as text; a hub's network says nothing before it is fetched."""
    if network.takes == "waveform":
        return "16 kHz", "its hub's"
    try:
        backbone = build_backbone(network.model_copy(update={"weights": "random"}))
    except WeightsError as error:
        return "?", str(error)
    finally:
        keras.utils.clear_session()
    return f"{backbone.input_size} x {backbone.input_size}", f"{backbone.parameters:,}"
