"""Words on a frame, by PaddleOCR's networks, which the package rapidocr ships."""

import math
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmark.errors import StudyError
from benchmark.texts.packages import n_cores

# Models of the wheel, by the part that they play. Given by path: rapidocr fetches what it is not given.
MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
}
# Pixels of the shorter side below which a frame is enlarged before letters are looked for. With rapidocr's own 736 that
# takes four times as long, and letters drawn at 360 are found no better.
SHORTEST = 320
LONGEST = 4  # times the shorter side that the longer may be
APART = 2.0  # heights of letters between words of one row, from which they are two lines


class Line(NamedTuple):
    """Words side by side on a frame."""

    text: str
    confidence: float  # that of the word which the network is least sure of
    box: tuple  # left, top, right, bottom in pixels


class ScreenReader:
    """Finds the lines of a frame."""

    def __init__(self, params):
        """``params`` are TextParams."""
        from rapidocr import RapidOCR  # imported late: an extra

        self.confidence, self.letters = params.confidence, params.letters
        folder = Path(next(iter(find_spec("rapidocr").submodule_search_locations))) / "models"
        if missing := [name for name in MODELS.values() if not (folder / name).is_file()]:
            raise StudyError(
                f"{folder} has no {missing[0]}: this rapidocr ships other models; pip install -r requirements/ocr.txt"
            )
        settings = {f"{part}.model_path": str(folder / name) for part, name in MODELS.items()}
        settings |= {"Global.log_level": "error", "Global.use_cls": False, "Global.text_score": 0.0}
        settings["Det.limit_side_len"] = SHORTEST
        settings |= {f"EngineConfig.onnxruntime.{kind}_op_num_threads": n for kind, n in
                     (("intra", n_cores()), ("inter", 1))}  # fmt: skip
        self.network = RapidOCR(params=settings)

    def read(self, image):
        """Return the :class:`Line`s of a picture (height, width, 3) uint8 in reading order, those that are sure."""
        found = self.network(_not_too_long(image)[..., ::-1].copy())  # BGR, as OpenCV has it
        if not found.txts:
            return []
        boxes = np.asarray(found.boxes, float)
        corners = np.hstack([boxes.min(axis=1), boxes.max(axis=1)])
        words = [
            Line(" ".join(text.split()), float(sure), tuple(corner))
            for text, sure, corner in zip(found.txts, found.scores, corners.tolist(), strict=True)
            if sure > self.confidence
        ]
        return [line for line in in_reading_order(words) if sum(map(str.isalnum, line.text)) >= self.letters]


def _not_too_long(image):
    """Return a picture with black below or beside it where one side is more than LONGEST times the other.

    Else a narrow one would be enlarged to hundreds of megapixels, up to its shorter side."""
    least = math.ceil(max(image.shape[:2]) / LONGEST)
    return np.pad(image, [(0, max(0, least - image.shape[0])), (0, max(0, least - image.shape[1])), (0, 0)])


def in_reading_order(words):
    """Return words (:class:`Line`) as lines, top to bottom; words side by side are one line, left to right.

    They are in one row where the middle of a word lies within the height of the row's first."""
    rows = []
    for word in sorted(words, key=lambda word: word.box[1] + word.box[3]):
        middle = (word.box[1] + word.box[3]) / 2
        row = next((row for row in rows if row[0].box[1] < middle < row[0].box[3]), None)
        rows.append([word]) if row is None else row.append(word)
    return [line for row in rows for line in _lines_of(sorted(row, key=lambda word: word.box[0]))]


def _lines_of(row):
    """Return the lines of a row, words from left to right: wide gaps part them."""
    lines = [row[0]]
    for word in row[1:]:
        last = lines[-1]
        height = min(word.box[3] - word.box[1], last.box[3] - last.box[1])
        if word.box[0] - last.box[2] > APART * height:
            lines.append(word)
            continue
        (left, top, right, bottom), (_, high, far, low) = last.box, word.box
        box = left, min(top, high), max(right, far), max(bottom, low)
        lines[-1] = Line(f"{last.text} {word.text}", min(last.confidence, word.confidence), box)
    return lines
