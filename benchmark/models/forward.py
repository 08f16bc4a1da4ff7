"""The forward pass of a frozen network over batches: by Keras, or through OpenVINO, faster for some on a CPU."""

import importlib.metadata
import tempfile
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np

from benchmark.errors import StudyError
from benchmark.models.backend import cores, gpu_ids
from spectrograms import version

# Backbones for which OpenVINO takes at most 1 / 1.05 of Keras' time at batch 32 on two cores, float32, outputs within
# 1e-5: tests/benchmarks/openvino_forward.py prints the ratios. Of others, 'auto' leaves the pass to Keras.
FASTER = {
    "keras.applications.MobileNetV2",
    "keras.applications.DenseNet201",
    "keras.applications.InceptionResNetV2",
    "keras.applications.ResNet50",
    "benchmark.models.resnet18:ResNet18",
}


def engine_of(inference, backbone):
    """Return 'keras' or 'openvino', whatever takes the forward pass of a backbone under EngineParams.inference."""
    if inference != "auto":
        return inference
    is_faster = backbone in FASTER and find_spec("openvino") is not None and not gpu_ids()
    return "openvino" if is_faster else "keras"


def identity(engine):
    """Return what stands for an engine in the address of features: its name; of what is not Keras version and code."""
    is_keras = engine == "keras"
    return [engine] if is_keras else [engine, importlib.metadata.version(engine), version.source(__name__)]


def by_keras(graph):
    """Return a function from batches (n, ...) float32 to the outputs of a Keras model."""
    return lambda batch: keras.ops.convert_to_numpy(graph.predict_on_batch(batch))


def by_openvino(graph):
    """Return the same function through OpenVINO, in float32 on as many threads as the process has cores."""
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "graph.xml"))
        try:
            graph.export(file, format="openvino", verbose=False)
            core = openvino.Core()
            settings = {
                "INFERENCE_PRECISION_HINT": "f32",
                "INFERENCE_NUM_THREADS": len(cores()),
                "NUM_STREAMS": 1,
                "ENABLE_MMAP": False,  # the file is gone when the network runs
            }
            compiled = core.compile_model(core.read_model(file), "CPU", settings)
        except Exception as error:  # of Keras' export, and of the converter of another library
            text = " ".join(str(error).split())[:300]
            raise StudyError(
                f"engine.inference: openvino cannot take {graph.name} ({type(error).__name__}: {text}); set keras"
            ) from error
    return lambda batch: np.array(compiled(batch)[0])


ENGINES = {"keras": by_keras, "openvino": by_openvino}
