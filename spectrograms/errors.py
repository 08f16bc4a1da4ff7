"""Why a file gives no clip. The message is the reason, without the path."""


class AudioError(ValueError):
    """A file that gives no usable waveform."""


class ImageError(ValueError):
    """A file that gives no picture."""


class FilmError(ValueError):
    """A file that gives no frame of a film."""
