"""Cuts of a film: detectors that see each frame once, as it passes, and tell which frames begin a shot.

All have ``see(shown, times)``, which returns the numbers of the frames that were found to begin a shot, and ``lag``,
how many frames they usually wait before they tell. ``times`` are those of all frames so far, in seconds."""

from bisect import bisect_left
from fractions import Fraction

import av

MICRO = Fraction(1, 1_000_000)  # seconds
SHORTEST = 15  # frames of a shot: PySceneDetect's usual


class SceneScore:
    """ffmpeg's scene score, 0 to 1, of the filter ``select``: a frame above the threshold begins a shot.

    The score is the smaller of the mean absolute difference from the frame before and of the change in that difference.
    See https://ffmpeg.org/ffmpeg-filters.html#select_002c-aselect."""

    lag = 0

    def __init__(self, threshold, rate):
        self.threshold, self.form, self.source, self.sink = threshold, None, None, None

    def see(self, shown, times):
        """Return [the frame's number] where it begins a shot, else []."""
        frame = shown.frame
        form = frame.width, frame.height, frame.format.name
        if form != self.form:  # the first frame, or another size on the way, which has nothing to be compared with
            self._connect(*form)
            self.form = form
        self.source.push(frame)
        score = float(self.sink.pull().metadata["lavfi.scene_score"])
        return [shown.number] if score > self.threshold and shown.number else []

    def _connect(self, width, height, pixels):
        graph = av.filter.Graph()
        graph.threads = 1
        self.source = graph.add_buffer(width=width, height=height, format=pixels, time_base=MICRO)
        score, self.sink = graph.add("select", "gte(scene\\,0)"), graph.add("buffersink")
        self.source.link_to(score)
        score.link_to(self.sink)
        graph.configure()
        self.graph = graph


class PySceneDetect:
    """A detector of the package scenedetect, which is given the frames as its own SceneManager would give them."""

    def __init__(self, make, lag, threshold, rate):
        import scenedetect  # imported late: it needs OpenCV, and is an extra
        from scenedetect.common import Timecode

        self.lag, self.detector = lag, make(scenedetect, threshold)
        self.rate, self.timecode, self.timestamp = (
            Fraction(rate).limit_denominator(1001),
            scenedetect.FrameTimecode,
            Timecode,
        )
        self.size = None

    def see(self, shown, times):
        """Return the numbers of the frames that were found to begin a shot; the last of them may be some frames old."""
        import cv2

        picture = shown.frame.to_ndarray(format="bgr24")
        if self.size is None:
            factor = max(1.0, picture.shape[1] / 256)
            self.size = tuple(max(1, round(side / factor)) for side in picture.shape[1::-1])
        picture = cv2.resize(picture, self.size, interpolation=cv2.INTER_LINEAR)
        stamp = self.timestamp(pts=round(shown.time / MICRO), time_base=MICRO)
        cuts = self.detector.process_frame(self.timecode(timecode=stamp, fps=self.rate), picture)
        return [bisect_left(times, cut.seconds - float(MICRO)) for cut in cuts]


def _pyscenedetect(name, setting, lag):
    """Return what makes a detector of PySceneDetect from (threshold, frames per second)."""

    def make(scenedetect, threshold):
        return getattr(scenedetect, name)(**{setting: threshold, "min_scene_len": SHORTEST})

    return lambda threshold, rate: PySceneDetect(make, lag, threshold, rate)


FINDERS = {  # by FrameParams.detector: (threshold, frames per second) -> detector
    "ffmpeg": SceneScore,
    "content": _pyscenedetect("ContentDetector", "threshold", SHORTEST + 1),
    "adaptive": _pyscenedetect("AdaptiveDetector", "adaptive_threshold", 3),
    "histogram": _pyscenedetect("HistogramDetector", "threshold", 0),
    "hash": _pyscenedetect("HashDetector", "threshold", 0),
}
