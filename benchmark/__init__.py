"""A benchmark of pretrained networks on labelled audio, as pictures of its mel spectrograms."""

__version__ = "0.9.0"
