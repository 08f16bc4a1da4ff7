"""One pass over a film gives all that is asked of it: sets of frames, cuts, its sound, and what else looks on."""

from array import array
from contextlib import suppress
from typing import NamedTuple

import av
import numpy as np

from benchmark.video.decode import open_film, said_of, survey
from benchmark.video.pictures import Scaler
from benchmark.video.sampling import SAMPLERS, chosen
from benchmark.video.shots import FINDERS
from benchmark.video.sound import Packets
from spectrograms.errors import FilmError


class Frames(NamedTuple):
    """Frames of a film in the order of time."""

    times: np.ndarray  # (n,) float64, seconds of presentation from the film's first frame
    images: np.ndarray  # (n, height, width, 3) uint8, RGB, upright, all of one size


class Seen(NamedTuple):
    """What a pass over a film gave."""

    frames: dict  # FrameParams -> Frames
    cuts: dict  # (detector, threshold) -> (n_cuts,) float64, seconds of the frames that begin a shot
    seconds: float  # how long the film lasts
    n_frames: int  # that were decoded
    sound: object  # spectrograms.tracks.Sound; AudioError where there is none; None where it was not asked for
    caveat: str  # what a reader of results must know of it, '' if nothing


def see_film(path, wanted, sha256, clip=None, cuts=(), watchers=()):
    """Decode a film once and return what was :class:`Seen`.

    ``wanted`` are FrameParams; ``sha256`` (hex digits of the file's) seeds what is random. ``clip`` (ClipParams) asks
    for the Sound that :func:`spectrograms.audio.decode_clip` would give. ``cuts`` are further (detector, threshold)
    whose cuts are wanted. ``watchers`` have ``see(shown)`` for each frame, ``cut(shown)`` for the first of a shot and
    ``detector``, (detector, threshold). Raises FilmError where there is no film, or none of the frames asked for."""
    surveyed, times = survey(path), array("d")
    with open_film(path) as film:
        seed, aspect = [int(sha256[:16], 16)], film.stream.sample_aspect_ratio
        make = {name: Scaler(name, aspect) for name in {params.size for params in wanted}}
        samplers = {p: SAMPLERS[p.sample](p, make[p.size], surveyed.seconds, times, seed) for p in wanted}
        finders, told = _finders(samplers, cuts, watchers, film.rate)
        waiting = bool(cuts or watchers)
        sound = Packets(film.container, clip) if clip else None
        for shown in film.frames(sound, lambda: waiting or not all(sampler.done for sampler in samplers.values())):
            times.append(shown.time)
            for key, finder in finders.items():
                for number in finder.see(shown, times):
                    told[key].append(number)
                    _tell(samplers, watchers, key, number)
            for looker in (*samplers.values(), *watchers):
                looker.see(shown)
        if not film.n_frames:
            raise FilmError(f"has no frame that can be decoded{f': {said_of(film.broken)}' if film.broken else ''}")
        for sampler in samplers.values():
            sampler.close(film.end)
        heard = sound.decode(path, film.broken) if sound else None
        caveat, n_frames = film.caveat(surveyed), film.n_frames
        seconds = film.end if film.complete else max(surveyed.seconds, film.end)
    frames = {params: _frames(path, params, sampler, seconds) for params, sampler in samplers.items()}
    found = {key: np.array([times[number] for number in numbers]) for key, numbers in told.items()}
    return Seen(frames, found, seconds, n_frames, heard, caveat)


def _finders(samplers, cuts, watchers, rate):
    """Return (detectors, lists for the numbers of the frames they find) by (detector, threshold)."""
    keys = {(p.detector, p.cut_threshold) for p in samplers if p.detector} | set(cuts)
    keys |= {watcher.detector for watcher in watchers}
    finders = {key: FINDERS[key[0]](key[1], rate) for key in sorted(keys)}
    for params, sampler in samplers.items():
        if params.detector:
            sampler.lag = finders[params.detector, params.cut_threshold].lag
    return finders, {key: [] for key in finders}


def _tell(samplers, watchers, key, number):
    for params, sampler in samplers.items():
        if (params.detector, params.cut_threshold) == key:
            sampler.cut(number)
    for watcher in watchers:
        if watcher.detector == key:
            watcher.cut(number)


def _frames(path, params, sampler, seconds):
    """Return the Frames that a sampler found; raise FilmError where there are none."""
    picks = chosen(sampler.picks, params, lambda missing: _fetch(path, sampler, missing))
    if not picks:
        if sampler.picks:
            raise FilmError(f"all {len(sampler.picks)} frames found are black (frames.skip_black)")
        raise FilmError(f"lasts {seconds:.2f} s, and no frame is shown from second {params.start:g} on")
    return Frames(np.array([pick.time for pick in picks]), np.stack([pick.picture for pick in picks]))


def _fetch(path, sampler, picks):
    """Give picks their pictures: first by jumps, then, where one does not land, by decoding anew from the beginning."""
    for frames in (_by_jumps, _from_beginning):
        missing = {pick.number: pick for pick in picks if pick.picture is None and not pick.black}
        if missing:
            with open_film(path) as film:
                for number, frame in frames(film, sorted(missing), sampler.times):
                    sampler.look(missing[number], frame, keep=True)


def _by_jumps(film, numbers, times):
    """Yield (number, frame) of those frames that a jump finds: exactly at their time, from the key frame before it."""
    first = next(film.frames(), None)
    if first is None or first.frame.pts is None:
        return
    origin, base = first.frame.pts, first.frame.time_base
    for number in numbers:
        stamp = origin + round(times[number] / base)
        with suppress(av.FFmpegError, IndexError):
            film.container.seek(stamp, stream=film.stream, backward=True)
            # A key frame may stand before others of an earlier time that need what was jumped over: one more back.
            for frame in film.container.decode(film.stream):
                if frame.pts is None or frame.pts > stamp:
                    break
                if frame.pts == stamp:
                    yield number, frame
                    break


def _from_beginning(film, numbers, times):
    """Yield (number, frame) of frames by decoding all up to the last of them."""
    left = set(numbers)
    for shown in film.frames(wanted=lambda: bool(left)):
        if shown.number in left:
            left.remove(shown.number)
            yield shown.number, shown.frame
