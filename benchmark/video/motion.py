"""How much moves in a film: orientations in spatio-temporal slices, gathered while its frames pass."""

import numpy as np
from av.video.reformatter import VideoReformatter
from scipy.ndimage import gaussian_filter

SIZE = 64  # pixels of the shorter side of the pictures whose middle row and column are the slices
BINS = 7  # of the orientation, 0 to 90 degrees; what falls into the first does not move
SIGMA = 1.5  # pixels and frames over which the structure tensor is averaged
FLAT = 4.0  # grey levels squared: below it there is no edge whose motion could be seen
BLOCK, WAITING = 256, 64  # frames of a slice judged at once, and held further until detectors have told of a cut


class Motion:
    """The share of active pixels: those of the slices along time whose edges do not stand still.

    Of each shot two slices are cut, the middle row and the middle column over time. Where Ix and It are the derivatives
    of the grey levels along space and time, the structure tensor J = G * [Ix Ix, Ix It; Ix It, It It] gives the
    orientation |atan2(2 Jxt, Jxx - Jtt)| / 2: 0 degrees where nothing moves, 45 at a pixel per frame. Orientations go
    into a histogram of 7 bins, of which the first is static; motion is the share of all others (Rasheed, Sheikh and
    Shah 2005 as told by Wehrmann and Barros 2017: see :mod:`benchmark.video.measures`). Which slices, SIZE, SIGMA and
    FLAT, and that bins are of the angle without its sign, is this suite's choice: the text leaves it open."""

    def __init__(self, detector, start=0.0, end=None):
        """``detector`` is (name, threshold) of what finds shots; ``start`` and ``end`` are the seconds that count."""
        self.detector, self.start, self.end = detector, start, np.inf if end is None else end
        self.reformatter, self.shape = VideoReformatter(), None
        self.numbers, self.rows, self.columns = [], [], []
        self.histogram = np.zeros(BINS, np.int64)

    def see(self, shown):
        """Take the middle row and column of a frame."""
        if not self.start <= shown.time < self.end:
            return
        frame = shown.frame
        if self.shape is None:
            factor = min(1.0, SIZE / min(frame.height, frame.width))
            self.shape = max(1, round(frame.width * factor)), max(1, round(frame.height * factor))
        grey = self.reformatter.reformat(frame, *self.shape, "gray8", interpolation="AREA", threads=1).to_ndarray()
        self.numbers.append(shown.number)
        self.rows.append(grey[len(grey) // 2].copy())
        self.columns.append(grey[:, grey.shape[1] // 2].copy())
        if len(self.numbers) >= BLOCK + WAITING:
            self._judge(BLOCK)

    def cut(self, number):
        """Judge what came before the frame that begins a shot."""
        self._judge(int(np.searchsorted(self.numbers, number)))

    def share(self):
        """Return the share of active pixels of all slices so far, 0 to 1; 0 where there is none."""
        self._judge(len(self.numbers))
        total = self.histogram.sum()
        return float(1 - self.histogram[0] / total) if total else 0.0

    def _judge(self, n):
        """Add the first ``n`` lines of both slices to the histogram, and let them go."""
        for lines in (self.rows, self.columns):
            if n:
                self.histogram += orientations(np.array(lines[:n], np.float32))
            del lines[:n]
        del self.numbers[:n]


def orientations(slice_):
    """Return the histogram of orientations of a slice (n_frames, n_pixels) of grey levels 0..255: (BINS,) counts."""
    if min(slice_.shape) < 2:  # nothing to be compared with
        return np.bincount([0] * slice_.size, minlength=BINS)
    along_time, along_space = np.gradient(slice_)
    xx, tt, xt = (gaussian_filter(a * b, SIGMA) for a, b in (
        (along_space, along_space), (along_time, along_time), (along_space, along_time)))  # fmt: skip
    degrees = np.degrees(np.abs(np.arctan2(2 * xt, xx - tt))) / 2
    bins = np.minimum((degrees * BINS / 90).astype(int), BINS - 1)
    return np.bincount(np.where(xx + tt < FLAT, 0, bins).ravel(), minlength=BINS)
