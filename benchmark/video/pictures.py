"""A decoded frame -> picture (height, width, 3) uint8: RGB, upright, its pixels square, made smaller where asked."""

import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter

UNSAID = 2  # the colour space of a frame that says none, ITU-T H.273
STANDARD = 576  # rows of the largest picture that is taken for BT.601 where nothing is said, as players do: mpv
BLACK_LEVEL, BLACK_SHARE = 18.6, 0.98  # ffmpeg's filter blackframe: luma below 32 of 16..235 in so many pixels


class Scaler:
    """Makes pictures of one film: all have the size of the first."""

    def __init__(self, size, pixel_aspect=None):
        """``size`` is the shorter side in pixels; ``pixel_aspect`` the width of a pixel over its height."""
        self.size, self.aspect = size, float(pixel_aspect or 1)
        self.reformatter, self.shape = VideoReformatter(), None

    def picture(self, frame):
        """Return a frame of the film as (height, width, 3) uint8. Colours follow what the frame says of itself.

        Where it says no colour space it is BT.601, above 576 rows BT.709. Scaled by averaging areas, so that there is
        no aliasing. Raises av.FFmpegError where the frame has no colours that are known."""
        turns = round(frame.rotation / 90) % 4  # counterclockwise
        if self.shape is None:
            shape = _fitting(frame.height, frame.width, self.aspect, self.size)
            self.shape = shape[::-1] if turns % 2 else shape  # upright
        height, width = self.shape[::-1] if turns % 2 else self.shape
        unsaid = int(frame.colorspace) == UNSAID and not frame.format.is_rgb
        space = Colorspace.ITU709 if unsaid and frame.height > STANDARD else None
        scaled = self.reformatter.reformat(
            frame, width, height, "rgb24", src_colorspace=space, interpolation="AREA", threads=1
        )
        return np.ascontiguousarray(np.rot90(scaled.to_ndarray(), turns))


def _fitting(height, width, aspect, size):
    """Return (height, width) of a picture with square pixels, no side enlarged and the shorter one at most ``size``."""
    high, wide = (height / aspect, width) if aspect > 1 else (height, width * aspect)
    factor = min(1.0, size / min(high, wide))
    return max(1, round(high * factor)), max(1, round(wide * factor))


def is_black(picture):
    """Return whether a picture (height, width, 3) uint8 is black, as ffmpeg's filter blackframe judges."""
    luma = picture @ np.array([0.299, 0.587, 0.114], np.float32)
    return float((luma < BLACK_LEVEL).mean()) >= BLACK_SHARE


def held_bytes(frame):
    """Return how many bytes a decoded frame takes."""
    return sum(plane.buffer_size for plane in frame.planes)
