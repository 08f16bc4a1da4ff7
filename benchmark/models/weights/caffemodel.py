"""Read a .caffemodel with the protobuf package alone and copy it into a Keras model whose layers have the same names.

The fields are those of BVLC/caffe's caffe.proto that hold names and parameters; all others are skipped."""

from functools import lru_cache
from pathlib import Path

import numpy as np

INT64, FLOAT, STRING, MESSAGE, INT32 = 3, 2, 9, 11, 5  # FieldDescriptorProto.Type
# message: field, number, repeated, type; packed where it is a repeated number
FIELDS = {
    "BlobShape": [("dim", 1, True, INT64)],
    "BlobProto": [
        ("num", 1, False, INT32),
        ("channels", 2, False, INT32),
        ("height", 3, False, INT32),
        ("width", 4, False, INT32),
        ("data", 5, True, FLOAT),
        ("shape", 7, False, "BlobShape"),
    ],
    "V1LayerParameter": [("name", 4, False, STRING), ("blobs", 6, True, "BlobProto")],
    "LayerParameter": [("name", 1, False, STRING), ("blobs", 7, True, "BlobProto")],
    "NetParameter": [
        ("name", 1, False, STRING),
        ("layers", 2, True, "V1LayerParameter"),  # files written before 2015
        ("layer", 100, True, "LayerParameter"),
    ],
}


@lru_cache(1)
def net_parameter():
    """Return the protobuf message class of a .caffemodel."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="caffe_parameters.proto", package="caffe_parameters", syntax="proto2"
    )
    for message, fields in FIELDS.items():
        entry = file.message_type.add(name=message)
        for name, number, repeated, field_type in fields:
            field = entry.field.add(name=name, number=number, label=3 if repeated else 1)
            if isinstance(field_type, str):
                field.type, field.type_name = MESSAGE, f".caffe_parameters.{field_type}"
            else:
                field.type = field_type
                field.options.packed = repeated
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe_parameters.NetParameter"))


def read(path):
    """Return the parameters {layer name: [array, ...]} of a .caffemodel; raise ValueError where it is none."""
    from google.protobuf.message import DecodeError

    net = net_parameter()()
    try:
        net.ParseFromString(Path(path).read_bytes())
    except DecodeError as error:
        raise ValueError(f"it is no .caffemodel, or cut short ({error})") from None
    parameters = {
        layer.name: [_array(blob) for blob in layer.blobs] for layer in (*net.layer, *net.layers) if layer.blobs
    }
    if not parameters:
        raise ValueError("it holds no layer with parameters")
    return parameters


def _array(blob):
    shape = list(blob.shape.dim) or [blob.num, blob.channels, blob.height, blob.width]
    data = np.array(blob.data, "float32")
    if data.size != np.prod(shape):
        raise ValueError(f"a blob says its shape is {shape}, but holds {data.size} numbers")
    return data.reshape(shape)


def load(model, path):
    """Copy the parameters of a .caffemodel into every layer of a Keras model that has weights, matched by name.

    Caffe's layer 'conv1/7x7_s2' is Keras' 'conv1_7x7_s2'; its 'bn...' and 'scale...' are one of Keras'. Raises
    ValueError naming the first layer that is missing or of another shape; the model is changed only when all fit."""
    parameters = {name.replace("/", "_"): blobs for name, blobs in read(path).items()}
    fitted = [(layer, FITS.get(type(layer).__name__, _fit)(layer, parameters)) for layer in model.layers
              if layer.weights]  # fmt: skip
    for layer, values in fitted:
        layer.set_weights(values)


def _blobs(name, parameters):
    if name not in parameters:
        raise ValueError(f"it has no layer '{name}'; it has {', '.join(list(parameters)[:5])}, …")
    return parameters[name]


def _fit(layer, parameters):
    """Return a layer's kernel, and bias if any: (out, in, h, w) becomes (h, w, in, out), (out, in) its transpose."""
    kernel, *biases = _blobs(layer.name, parameters)[: len(layer.weights)]
    expected = layer.kernel.shape
    kernel = kernel.transpose(2, 3, 1, 0) if len(expected) == 4 else kernel.reshape(kernel.shape[-2:]).T
    if kernel.shape != tuple(expected) or any(bias.size != expected[-1] for bias in biases):
        raise ValueError(f"layer '{layer.name}' should have a kernel of {tuple(expected)}; it has {kernel.shape}")
    return [kernel, *(bias.reshape(-1) for bias in biases)]


def _fit_batch_norm(layer, parameters):
    """Return gamma, beta, mean and variance of a batch normalisation 'bn...', whose Caffe has 'scale...' beside it.

    Caffe keeps sums of the statistics, and what they are to be divided by as a third blob."""
    mean, variance, times = _blobs(layer.name, parameters)[:3]
    gamma, beta = _blobs(layer.name.replace("bn", "scale", 1), parameters)[:2]
    share = 1 / times.item() if times.item() else 0.0
    values = [gamma.reshape(-1), beta.reshape(-1), mean.reshape(-1) * share, variance.reshape(-1) * share]
    if {value.size for value in values} != {layer.gamma.shape[0]}:
        raise ValueError(f"layer '{layer.name}' should have {layer.gamma.shape[0]} channels; it has {mean.size}")
    return [np.asarray(value, "float32") for value in values]


FITS = {"BatchNormalization": _fit_batch_norm}  # by the kind of layer; of all others _fit
