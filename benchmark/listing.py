"""The networks that a study can name, as a table."""

import keras
from rich.console import Console
from rich.table import Table

from benchmark.models.catalogue import build_backbone
from benchmark.models.weights import WeightsError


def list_networks(networks):
    """Print one row per network: name, label, input, parameters without the new head, weights, backbone."""
    table = Table("name", "label", "input", "parameters", "weights", "backbone", box=None, header_style="bold")
    console = Console()
    with console.status("building each network once …"):
        for network in networks:
            table.add_row(network.name, network.label, *_size(network), network.weights_name, network.backbone)
    console.print(table)


def _size(network):
    """Return input and parameters as text; a hub's network says nothing before it is fetched."""
    if network.takes == "waveform":
        return "16 kHz", "in the hub's module"
    try:
        backbone = build_backbone(network.model_copy(update={"weights": "random"}))
    except WeightsError as error:
        return "?", str(error)
    finally:
        keras.utils.clear_session()
    return f"{backbone.input_size} x {backbone.input_size}", f"{backbone.parameters:,}"
