"""The version of the suite."""

__version__ = "0.9.0"
