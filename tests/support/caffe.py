"""Caffe networks as text, and .caffemodel files of their parameters."""

from benchmark.models.weights import caffemodel


class Prototxt:
    """A Caffe network as text in the manner of BVLC's deploy.prototxt, and the shapes of its parameters."""

    def __init__(self):
        self.layers = []
        self.channels = {"data": 3}  # of each top
        self.shapes = {}  # {layer: shape of its kernel}
        self.add("data", "Input", [], "input_param { shape: { dim: 2 dim: 3 dim: 224 dim: 224 } }")

    def add(self, name, kind, bottoms, settings="", top=None):
        """Add a layer and return its top."""
        top = top or name
        lines = "".join(f'bottom: "{bottom}" ' for bottom in bottoms)
        self.layers.append(f'layer {{ name: "{name}" type: "{kind}" {lines}top: "{top}" {settings} }}')
        self.channels.setdefault(top, sum(self.channels[bottom] for bottom in bottoms))
        return top

    def conv(self, name, bottom, filters, size, pad=0, stride=1):
        """Add a convolution and its ReLU, in place as Caffe writes it."""
        self.shapes[name] = (filters, self.channels[bottom], size, size)
        self.channels[name] = filters
        settings = f"num_output: {filters} kernel_size: {size} pad: {pad} stride: {stride}"
        self.add(name, "Convolution", [bottom], f"convolution_param {{ {settings} }}")
        return self.add(f"{name.rpartition('/')[0]}/relu_{name.rpartition('/')[2]}", "ReLU", [name], top=name)

    def pool(self, name, bottom, settings):
        """Add a pooling layer."""
        return self.add(name, "Pooling", [bottom], f"pooling_param {{ {settings} }}")

    def inception(self, name, bottom, filters):
        """Add the four branches of a module and their concatenation."""
        n1, n3_reduce, n3, n5_reduce, n5, n_pool = filters
        x3 = self.conv(f"{name}/3x3_reduce", bottom, n3_reduce, 1)
        x5 = self.conv(f"{name}/5x5_reduce", bottom, n5_reduce, 1)
        pool = self.pool(f"{name}/pool", bottom, "pool: MAX kernel_size: 3 stride: 1 pad: 1")
        branches = [
            self.conv(f"{name}/1x1", bottom, n1, 1),
            self.conv(f"{name}/3x3", x3, n3, 3, pad=1),
            self.conv(f"{name}/5x5", x5, n5, 5, pad=2),
            self.conv(f"{name}/pool_proj", pool, n_pool, 1),
        ]
        return self.add(f"{name}/output", "Concat", branches)


def write(path, parameters, old=False):
    """Write a .caffemodel: ``layer`` with shapes, or as before 2015 ``layers`` with four numbers for each blob."""
    net = caffemodel.net_parameter()(name="GoogleNet")
    for name, blobs in parameters.items():
        layer = (net.layers if old else net.layer).add(name=name)
        for values in blobs:
            blob = layer.blobs.add(data=values.ravel())
            if old:
                shape = (1,) * (4 - values.ndim) + values.shape
                blob.num, blob.channels, blob.height, blob.width = shape
            else:
                blob.shape.dim.extend(values.shape)
    path.write_bytes(net.SerializeToString())
    return path
