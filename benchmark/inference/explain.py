"""Why a trained network says what it says: the saliency on chosen clips, and on the test clips of each class."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.features import usual_reads
from benchmark.errors import StudyError
from benchmark.inference.predictor import Predictor, check_trial, study_clips, tested_clips
from benchmark.inference.saliency import by_band, by_second, mean_share, summary
from benchmark.inference.saliency_figure import class_figure, clip_figure
from benchmark.inference.score_lines import NO_CLASS
from benchmark.store.labels import class_names
from benchmark.store.naming import remark
from spectrograms.axes import frequency_axis, pixel_axis, time_axis
from spectrograms.errors import AudioError, ImageError
from spectrograms.files import replacing, write_text

FOLDER = "explanations"
MAPS = 3  # of a clip: classes that are predicted, and as many that are missed; those with the highest scores
PER_CLASS = 50  # test clips of which a class's mean is made: more would change a mean of shares by little
BLIND = {"waveform": "hears the waveform", "given": "reads features that were computed elsewhere",
         "several": "fuses several features"}  # fmt: skip
NO_FORMULAS = {"text.parse_math": False, "font.size": 9}  # a class may be called 'Lo$t & $aved'


@dataclass(frozen=True)
class Clip:
    """What is explained: a name that is safe in a file name, the file, and its classes where they are known."""

    name: str
    path: Path
    y_true: tuple[str, ...] | None = None


def explain(trial_dir, files=(), n=1, known=None):
    """Draw what speaks for the predictions of a trial's image network; return (paths written, sentences).

    ``files``: clip_ids of the study or any files; without them the first ``n`` test clips of each class that it is
    rightly predicted for, and the ``n`` clips of the most confident wrong predictions. Into <trial_dir>/explanations go
    a PNG per clip and, where the study's test clips are still there, class_means.png, bands.csv and seconds.csv, of the
    saliency for each class on the test clips that are of it, right or wrong. ``known`` is that of Predictor. Raises
    :class:`StudyError` for a trial without a model, a network over waveforms, files that are not there or not readable,
    and where there is nothing to explain."""
    folder = Path(trial_dir)
    record = check_trial(folder)
    _check_sees(record)
    explainer = Explainer(folder, record, known)
    clips = study_clips(folder)
    drawn = [Path(image).is_file() for image in clips["image"]]  # the picture is the clip, and is read faster
    clips["file"] = clips["image"].where(drawn, clips["path"])
    tested = tested_clips(folder, explainer.predictor, clips["file"])
    chosen = [_named(name, clips) for name in files] or _examples(*tested, n)
    if not chosen:
        raise StudyError(f"{folder}: none of the study's test clips is found any more; name files to explain")
    target = folder / FOLDER
    with matplotlib.rc_context(NO_FORMULAS):
        paths = [_save(explainer.clip(clip), target / f"clip_{name}.png") for name, clip in _distinct(chosen).items()]
        means, sentences = _class_means(explainer, *tested, target)
    return paths + means, sentences


def _check_sees(record):
    """Raise :class:`StudyError` for a network that gets no picture, before seconds are spent on loading it."""
    model = record.get("settings", {}).get("model", {})
    reads = model.get("reads") or usual_reads(model) or "picture"
    if reads != "picture":
        raise StudyError(
            f"{model.get('label', 'the model')} {BLIND.get(reads, f'reads {reads}')} and never sees a picture, "
            "so there is none to draw on; a trial of an image network is needed"
        )


class Explainer:
    """A trial's image network with its maps of saliency and the axes of its pictures."""

    def __init__(self, folder, record, known=None):
        self.predictor = predictor = Predictor(folder, record, known)
        self.extractor, self.classifier = predictor.classifier.extractor, predictor.classifier
        self.classes, network = predictor.classes, self.extractor.network
        from benchmark.inference.cam import ActivationMaps  # imported late: it imports Keras

        self.maps = ActivationMaps(self.extractor.backbone, self.classifier.head)
        self.axes = _axes(self.extractor)
        synthetic = record["settings"]["dataset"].get("synthetic")
        self.title = remark(network.label, network.weights == "random", synthetic)

    def read(self, path):
        """Return a file as the network gets it, (size, size, 3) float32 of 0..255."""
        try:
            return self.extractor.read(path)[0]
        except (AudioError, ImageError, OSError) as error:
            raise StudyError(f"{path}: {error}") from None

    def saliency(self, images, names):
        """Return the maps (n, rows, columns) for pictures (n, size, size, 3) and a class each."""
        return self.maps(images, [self.classes.index(name) for name in names])

    def clip(self, clip):
        """Return the figure of one clip: saliency for the predicted classes and the true ones that are missed."""
        image = self.read(clip.path)
        y_score = self.classifier.score(image[None])
        scores = {self.classes[column]: y_score[column] for column in np.argsort(-y_score, kind="stable")}
        predicted = set(np.array(self.classes, object)[self.predictor.decide(y_score[None])[0]])
        shown = _shown(scores, predicted, clip.y_true, self.predictor.thresholds)
        maps = self.saliency(np.stack([image] * len(shown)), list(shown))
        known = "" if clip.y_true is None else f" (true: {', '.join(clip.y_true) or NO_CLASS})"
        title = f"{self.title}: {clip.name}{known}"
        return clip_figure(image.astype("uint8"), dict(zip(shown.values(), maps, strict=True)), self.axes, title)


def _axes(extractor):
    """Return the axes (x, y) of the pictures: seconds and hertz, or pixels of cut ones and those made elsewhere."""
    settings = extractor.settings
    if not DATASET_KINDS[settings.dataset.kind].has_sound or extractor.network.resize != "stretch":
        return pixel_axis(extractor.backbone.input_size, "left"), pixel_axis(extractor.backbone.input_size, "bottom")
    return time_axis(settings.clip, settings.mel), frequency_axis(settings.mel, settings.image)


def _shown(scores, predicted, y_true, thresholds):
    """Return {class: caption} of the classes to draw: of the predicted ones MAPS at most, then of the missed ones.

    scores: {class: score}, best first; predicted: a set of names; y_true: names, or None where they are not known;
    thresholds: {class: threshold} or None. Where a clip gets no class and misses none, the best is drawn."""
    missed = set(y_true or ()) - predicted
    kinds = {"predicted": [name for name in scores if name in predicted],
             "missed": [name for name in scores if name in missed]}  # fmt: skip
    shown = {}
    for kind, names in kinds.items() if any(kinds.values()) else [("highest, not predicted", [*scores][:1])]:
        cut = f" ({MAPS} of {len(names)})" if len(names) > MAPS else ""
        for name in names[:MAPS]:
            wrongly = "wrongly " if y_true is not None and name in predicted and name not in y_true else ""
            sign = "≥" if name in predicted else "<"
            limit = f" {sign} {thresholds[name]:.2f}" if thresholds else ""
            shown[name] = f"saliency for {name}\n{wrongly}{kind}{cut}, score {scores[name]:.2f}{limit}"
    return shown


def _examples(test, files, n):
    """Return clips, each once: the first ``n`` of each class that it is rightly predicted for, then the ``n`` of the
    most confident wrong predictions. Where nothing is predicted they are the first ``n``."""
    right, wrong = test.y_true & test.y_pred, np.where(test.y_pred & ~test.y_true, test.y_score, -1).max(axis=1)
    rows = [row for of_class in right.T for row in np.flatnonzero(of_class)[:n]]
    rows += [row for row in np.argsort(-wrong, kind="stable")[:n] if wrong[row] >= 0]
    labels = test.names("y_true")
    return [
        Clip(test.clip_id[row], Path(files[row]), tuple(class_names([labels[row]])))
        for row in dict.fromkeys(rows or range(min(n, len(test))))
    ]


def _named(name, clips):
    """Return the :class:`Clip` that a clip_id or a path names."""
    if str(name) in clips.index:
        clip = clips.loc[str(name)]
        return Clip(str(name), Path(clip["file"]), tuple(class_names([clip["label"]])))
    if not Path(name).is_file():
        hint = f"; a clip_id looks like '{clips.index[0]}'" if len(clips) else ""
        raise StudyError(f"{name} is neither a clip_id of the study nor a file{hint}")
    return Clip(Path(name).stem, Path(name))


def _distinct(chosen):
    """Return {name in a file name: clip}, numbered where two files have one name."""
    found = {}
    for clip in chosen:
        alike = sum(other.name == clip.name for other in found.values())
        found[f"{clip.name}-{alike + 1}" if alike else clip.name] = clip
    return found


def _class_means(explainer, test, files, target):
    """Write the mean map of each class and the tables of bands and seconds; return (paths, sentences)."""
    panels, tables, sentences, absent = {}, {"bands": [], "seconds": []}, [], []
    x, y = explainer.axes
    for name, of_class in zip(test.classes, test.y_true.T, strict=True):
        if not of_class.any():
            absent.append(name)
            continue
        images = np.stack([explainer.read(path) for path in files[of_class][:PER_CLASS]])
        mean = mean_share(explainer.saliency(images, [name] * len(images)))
        panels[f"{name} ({len(images)} clips)"] = images.mean(axis=0), mean
        profiles = {"bands": by_band(mean, y), "seconds": by_second(mean, x)}
        for kind, profile in profiles.items():
            tables[kind].append(profile.assign(**{"class": name, "n_clips": len(images)}))
        sentences += summary(name, len(images), *profiles.values())
    if not panels:
        return [], []
    if absent:
        sentences.append(f"no mean for {', '.join(absent)}: no test clip is found that is of it")
    title = f"{explainer.title}: saliency for each class, mean over the test clips that are of it"
    paths = [_save(class_figure(panels, explainer.axes, title), target / "class_means.png")]
    for kind, profiles in tables.items():
        frame = pd.concat(profiles, ignore_index=True)
        paths.append(target / f"{kind}.csv")
        write_text(paths[-1], frame[["class", "n_clips", *frame.columns[:3]]].to_csv(index=False, float_format="%.6g"))
    return paths, sentences


def _save(figure, path):
    """Write a figure as PNG, whole or not at all; return its path."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")
    return path
