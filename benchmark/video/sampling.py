"""Ways of choosing frames of a film while it passes: a row each, memory bounded whatever the film.

A sampler is told of each frame (``see``), of each cut (``cut``) and of the film's end (``close``). Its ``picks`` are
then the frames found, in order; a pick without a picture was let go for want of memory, and has to be fetched."""

import math
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from heapq import heappush, heappushpop

import numpy as np

from benchmark.video.pictures import held_bytes, is_black

HELD = 256 << 20  # bytes of decoded frames in which the middle of a shot may still lie; of a longer shot it is fetched
KEPT = 512 << 20  # bytes of pictures of frames of which ``most`` will be chosen; the rest is fetched
SETTLED = 10.0  # seconds after ``end`` for which detectors still see frames, so that they have told of all cuts before
NEAR = 1.7e-3  # seconds within which two times are the same: Matroska rounds a time, and how long the film lasts


@dataclass
class Pick:
    """A frame that was found."""

    number: int
    time: float  # seconds
    picture: np.ndarray | None = None  # (height, width, 3) uint8; None: to be fetched
    black: bool | None = None  # None: not known yet


class Sampler:
    """What all ways have in common: the seconds that count, and the pictures of what is picked."""

    def __init__(self, params, scaler, seconds, times, seed):
        """``seconds`` is how long the film lasts, ``times`` the growing list of its frames', ``seed`` integers."""
        self.params, self.scaler, self.times, self.seed = params, scaler, times, seed
        self.start, self.stop = params.start, math.inf if params.end is None else params.end
        self.seconds, self.picks, self.bytes, self.done = seconds, [], 0, False
        self.prepare()

    def prepare(self):
        """Set up what a way of sampling needs."""

    def cut(self, number):
        """Take notice that a frame was found to begin a shot."""

    def pick(self, number, frame=None):
        """Add a frame to those found; ``frame`` is the decoded one, if it is at hand."""
        found = Pick(number, self.times[number])
        if frame is not None:
            self.look(found, frame)
        self.picks.append(found)

    def look(self, found, frame, keep=False):
        """Take the picture of what was found; above KEPT bytes only whether it is black, unless told to ``keep``."""
        found.picture = self.scaler.picture(frame)
        found.black = self.params.skip_black and is_black(found.picture)
        self.bytes += found.picture.nbytes
        if found.black or (self.bytes > KEPT and not keep):
            self.bytes -= found.picture.nbytes
            found.picture = None


class _AtTimes(Sampler):
    """Frames that are shown at times known beforehand; ``following(time)`` is the first of them not before a time."""

    before = None

    def see(self, shown):
        """Pick the frame before this one where one of the times lies between them."""
        self._until(min(shown.time, self.stop))
        self.before = shown
        self.done = self.following(shown.time) >= self.stop

    def close(self, end):
        """Pick the last frame where one of the times is left before the film's end."""
        self._until(min(end, self.stop))

    def _until(self, time):
        if self.before is not None and self.following(max(self.before.time, self.start)) < time - NEAR:
            self.pick(self.before.number, self.before.frame)
            self.before = None


class Uniform(_AtTimes):
    """The frames shown in the middle of ``n`` equal parts of the seconds that count."""

    def prepare(self):
        stop = min(self.stop, self.seconds)
        self.stop = stop
        self.targets = self.start + (np.arange(self.params.n) + 0.5) * max(0.0, stop - self.start) / self.params.n

    def following(self, time):
        place = np.searchsorted(self.targets, time - NEAR)
        return self.targets[place] if place < len(self.targets) else math.inf


class Every(_AtTimes):
    """The frames shown at equal steps of time, the first of them at the first second that counts."""

    def following(self, time):
        steps = math.ceil((time - self.start - NEAR) / self.params.every)
        return self.start + max(0, steps) * self.params.every


class Random(Sampler):
    """``n`` frames drawn without replacement, each as likely as any other: those to which the lowest numbers fall.

    Fewer frames are always among more of the same seed."""

    def prepare(self):
        self.lots, self.found = [], {}
        self.rng = np.random.default_rng([self.params.seed, *self.seed])

    def see(self, shown):
        """Draw a number for a frame, and pick it while its number is among the lowest."""
        if self.start <= shown.time < self.stop:
            lot = (-self.rng.random(), shown.number)
            if len(self.lots) < self.params.n:
                heappush(self.lots, lot)
            elif (out := heappushpop(self.lots, lot)) == lot:
                return
            else:
                del self.found[out[1]]
            self.found[shown.number] = found = Pick(shown.number, shown.time)
            self.look(found, shown.frame, keep=True)
        self.done = shown.time >= self.stop

    def close(self, end):
        """Put what was drawn in order."""
        self.picks = [self.found[number] for number in sorted(self.found)]


class Scene(Sampler):
    """The frame shown in the middle of each shot, of what of the shot lies within the seconds that count.

    The middle is known when the shot has ended: frames in which it may lie are held as they were decoded, which costs
    no time, and let go as they fall behind the middle."""

    lag = 0  # frames by which the detector is late

    def prepare(self):
        self.held, self.size, self.begin = deque(), 0, 0.0

    def see(self, shown):
        """Hold a frame, and let go those that come before the middle of the shot, or are too many."""
        if shown.time < self.stop:
            self.held.append(shown)
            self.size += held_bytes(shown.frame)
        told = self.times[max(0, shown.number - self.lag)]  # up to here the detector has said whether there is a cut
        middle = self._middle(max(told, self.begin))
        while self.held and (self.held[0].number < middle or self.size > HELD):
            self.size -= held_bytes(self.held.popleft().frame)
        self.done = shown.time >= self.stop + SETTLED

    def cut(self, number):
        """Pick the middle of the shot that ended with the frame before this one."""
        self._end_shot(self.times[number])

    def close(self, end):
        """Pick the middle of the last shot."""
        self._end_shot(end)

    def _end_shot(self, time):
        begin, stop = max(self.begin, self.start), min(time, self.stop)
        if begin < stop - NEAR:
            number = self._middle(time)
            place = number - self.held[0].number if self.held else -1
            self.pick(number, self.held[place].frame if 0 <= place < len(self.held) else None)
        self.begin = max(self.begin, time)

    def _middle(self, time):
        """Return the number of the frame in the middle of the shot, if it ends at a time."""
        begin, stop = max(self.begin, self.start), min(time, self.stop)
        return max(0, bisect_right(self.times, (begin + max(begin, stop)) / 2 + NEAR) - 1)


SAMPLERS = {"uniform": Uniform, "every": Every, "scene": Scene, "random": Random}  # by FrameParams.sample


def chosen(picks, params, fetch):
    """Return those of the frames found that ``params`` (FrameParams) asks for, each with its picture.

    ``fetch`` takes picks and gives them their pictures."""
    if params.skip_black:
        fetch([pick for pick in picks if pick.black is None])
        picks = [pick for pick in picks if not pick.black]
    if params.most is not None and len(picks) > params.most:
        steps = np.linspace(0, len(picks) - 1, params.most)
        picks = [picks[place] for place in np.rint(steps).astype(int)]
    if params.middle is not None and len(picks) > params.middle:
        first = (len(picks) - params.middle) // 2
        picks = picks[first : first + params.middle]
    fetch([pick for pick in picks if pick.picture is None])
    return picks
