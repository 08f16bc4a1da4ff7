"""A few test clips of each model: its most confident mistakes and some it got right, with picture, sound and words.

A picture or a sound is in the page once, whatever number of models show its clip."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image, ImageOps

from benchmark.analysis.metrics.misclassified import tested_clips
from benchmark.store.labels import class_names
from benchmark.store.texts import read_texts

MISTAKES, RIGHT = 3, 4  # clips of a model at most; of those it got right one per class
SIZE = (360, 128)  # pixels, the largest picture
SHEET = (840, 640)  # of the contact sheet of a film, whose frames keep their form
QUALITY = 60  # of WebP
MOST_PICTURES = 120  # different clips; a page with more would be heavy
SOUND_BYTES, ALL_SOUNDS = 300_000, 3_000_000  # the largest file that is embedded, and all of them together
LETTERS = 400  # of the words of a clip that a feature read, at most
SOUNDS = {
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".oga": "audio/ogg",
    ".m4a": "audio/mp4", ".aac": "audio/aac", ".flac": "audio/flac", ".webm": "audio/webm",
}  # fmt: skip


@dataclass(frozen=True)
class Examples:
    """What the page shows of single clips."""

    of: dict[str, list[dict]]  # model -> its clips: clip_id, y_true, y_pred, score, clip_score, right, labels
    clips: dict[str, dict]  # clip_id -> number, label, picture and sound (None: without), texts {feature: words}
    notes: tuple[str, ...]  # why pictures or sounds are missing
    heading: str  # above those of a model


def examples(results, per_clip):
    """Return the :class:`Examples` of a study; per_clip: of :func:`misclassified.per_clip_table`."""
    heading, marks = KINDS[results.task.headline]
    chosen = {
        model: [row | {"labels": marks(row["y_true"], row["y_pred"])} for row in rows.to_dict("records")]
        for model, rows in choose(tested_clips(results), per_clip).items()
    }
    ids = dict.fromkeys(row["clip_id"] for rows in chosen.values() for row in rows)
    known = results.clips.set_index("clip_id")
    pictures = _pictures(known, ids, results.study["dataset"].get("kind") == "video")
    sounds, silence = _sounds(results, known, ids)
    texts = read_texts(results.folder)
    clips = {
        clip: {"number": number, "label": shown_label(known["label"].get(clip, "")), "picture": pictures.get(clip),
               "sound": sounds.get(clip),
               "texts": {feature: shown_words(told[clip]) for feature, told in texts.items() if clip in told}}
        for number, clip in enumerate(ids, start=1)
    }  # fmt: skip
    return Examples(chosen, clips, (*_missing(known, ids, pictures), *silence), heading)


def _missing(clips, ids, pictures):
    """Return sentences on the pictures that are not there."""
    if ids and "image" not in clips:
        return ("There are no pictures: the clips are features that were computed elsewhere.",)
    missing = len(ids) - len(pictures)
    return (f"{missing} of {len(ids)} pictures are not on this computer any more, or left out.",) if missing else ()


def label_marks(y_true, y_pred):
    """Return (class, 'right' | 'missed' | 'added') of every class that labels as text hold, sorted.

    A clip without a label that gets none has 'no label', right."""
    true, predicted = set(class_names([y_true])), set(class_names([y_pred]))
    kinds = {(True, True): "right", (True, False): "missed", (False, True): "added"}
    found = tuple((name, kinds[name in true, name in predicted]) for name in sorted(true | predicted))
    return found or (("no label", "right"),)


def shown_label(text):
    """Return the label of a clip as the page shows it: with room to break between classes."""
    return " | ".join(class_names([text])) or "no label"


KINDS = {  # by the task's headline: the heading, and (y_true, y_pred) -> marks, where labels are shown one by one
    "accuracy": ("Clips it got wrong with most confidence, and some it got right", lambda y_true, y_pred: ()),
    "average_precision_macro": ("Clips whose labels it got most wrong, and some it got right", label_marks),
}


def choose(table, per_clip):
    """Return {model: rows}: of the test predictions of a model the worst mistakes, then right ones.

    The worst have the lowest clip score, and of equals the highest score of a class. A clip is shown once per model.
    Right ones are the clips that most predictions of the study get right, so that models share them, one per class (of
    several labels, per set of them)."""
    ease = per_clip.set_index("clip_id")["share_right"]
    found = {}
    for model, rows in table.groupby("model", sort=False):
        right = rows["y_true"] == rows["y_pred"]
        order = ["clip_score", "score", "clip_id", "seed"]
        wrong = rows[~right].sort_values(order, ascending=[True, False, True, True])
        wrong = wrong.drop_duplicates("clip_id").head(MISTAKES)
        easy = rows[right & ~rows["clip_id"].isin(wrong["clip_id"])]
        easy = easy.assign(ease=easy["clip_id"].map(ease)).sort_values(
            ["ease", "clip_id", "seed"], ascending=[False, True, True]
        )
        easy = easy.drop_duplicates("y_true").head(RIGHT).drop(columns="ease")
        found[model] = pd.concat([wrong.assign(right=False), easy.assign(right=True)])
    return found


def shown_words(utterances):
    """Return the words of a clip, [(start in seconds, text)], with their times, cut where they are many.

    >>> shown_words([(2.5, "The night"), (64.0, "comes")])
    '0:02 The night · 1:04 comes'
    """
    words = " · ".join(f"{int(start) // 60}:{int(start) % 60:02} {text}" for start, text in utterances)
    return f"{words[:LETTERS].rstrip()} …" if len(words) > LETTERS else words or "no words"


def _pictures(clips, ids, whole):
    """Return {clip_id: :func:`small_picture`} of the clips whose picture can be read."""
    found = {}
    for clip in list(ids)[:MOST_PICTURES] if "image" in clips else ():
        if picture := small_picture(clips["image"].get(clip) or "", whole):
            found[clip] = picture
    return found


def small_picture(path, whole=False):
    """Return a picture file as a dict of a data URI, its size in pixels and ``whole``; None where it cannot be read.

    Where it is ``whole``, as a contact sheet is, width and height keep their ratio; a spectrogram has none."""
    try:
        with Image.open(path) as image:
            pixels = ImageOps.exif_transpose(image).convert("RGB")
        if whole:
            pixels.thumbnail(SHEET)
        else:
            pixels = pixels.resize([min(a, b) for a, b in zip(pixels.size, SIZE, strict=True)])
    except (OSError, ValueError):
        return None
    buffer = io.BytesIO()
    pixels.save(buffer, "WEBP", quality=QUALITY, method=2)
    return {"uri": data_uri("image/webp", buffer.getvalue()), "width": pixels.width, "height": pixels.height,
            "whole": whole}  # fmt: skip


def _sounds(results, clips, ids):
    """Return {clip_id: data URI} of the sounds that may be shared, and sentences on those that are not there."""
    dataset = results.study["dataset"]
    if dataset.get("kind") != "audio" or not ids:
        return {}, ()
    if not dataset.get("share_sound"):
        return {}, ("Sound is not in this page: the study does not say dataset.share_sound: true.",)
    found, total = {}, 0
    for clip in ids:
        path = Path(clips["path"].get(clip) or "")
        if (media_type := SOUNDS.get(path.suffix.lower())) and (content := _short_file(path, ALL_SOUNDS - total)):
            found[clip], total = data_uri(media_type, content), total + len(content)
    missing = len(ids) - len(found)
    said = (f"{missing} of {len(ids)} clips are without sound: not on this computer any more, above "
            f"{SOUND_BYTES // 1000} kB, or of a kind that browsers do not play.",) if missing else ()  # fmt: skip
    return found, said


def _short_file(path, room):
    """Return the bytes of a file, None where it is not there or larger than what is left."""
    try:
        return path.read_bytes() if 0 < path.stat().st_size <= min(room, SOUND_BYTES) else None
    except OSError:
        return None


def data_uri(media_type, content):
    """Return bytes as an address that holds them."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
