"""Why a trained network says what it says: the saliency on chosen clips, and on the test clips of each class."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.study import NetworkParams
from benchmark.errors import StudyError
from benchmark.inference.predictor import Predictor, check_trial, study_clips, tested_clips
from benchmark.inference.saliency import by_band, by_second, mean_share, summary
from benchmark.inference.saliency_figure import class_figure, clip_figure
from benchmark.store.naming import remark
from spectrograms.axes import frequency_axis, pixel_axis, time_axis
from spectrograms.errors import AudioError, ImageError
from spectrograms.files import replacing, write_text

FOLDER = "explanations"
PER_CLASS = 50  # test clips of which a class's mean is made: more would change a mean of shares by little
NO_FORMULAS = {"text.parse_math": False, "font.size": 9}  # a class may be called 'Lo$t & $aved'


@dataclass(frozen=True)
class Clip:
    """What is explained: a name that is safe in a file name, the file, and its class where it is known."""

    name: str
    path: Path
    y_true: str | None = None


def explain(trial_dir, files=(), n=1, known=None):
    """Draw what speaks for the predictions of a trial's image network; return (paths written, sentences).

    ``files``: clip_ids of the study or any files; without them the first ``n`` rightly classified test clips of each
    class and the ``n`` most confident mistakes. Into <trial_dir>/explanations go a PNG per clip and, where the study's
    test clips are still there, class_means.png, bands.csv and seconds.csv, of the saliency for the true class of test
    clips, right or wrong. ``known`` is that of Predictor. Raises :class:`StudyError` for a trial without a model, a
    network over waveforms, files that are not there or not readable, and where there is nothing to explain."""
    folder = Path(trial_dir)
    record = check_trial(folder)
    _check_sees(record)
    explainer = Explainer(folder, record, known)
    clips = study_clips(folder)
    drawn = [Path(image).is_file() for image in clips["image"]]  # the picture is the clip, and is read faster
    clips["file"] = clips["image"].where(drawn, clips["path"])
    tested = tested_clips(folder, explainer.task, clips["file"])
    chosen = [_named(name, clips) for name in files] or _examples(tested, n)
    if not chosen:
        raise StudyError(f"{folder}: none of the study's test clips is found any more; name files to explain")
    target = folder / FOLDER
    with matplotlib.rc_context(NO_FORMULAS):
        paths = [_save(explainer.clip(clip), target / f"clip_{name}.png") for name, clip in _distinct(chosen).items()]
        means, sentences = _class_means(explainer, tested, target)
    return paths + means, sentences


def _check_sees(record):
    """Raise :class:`StudyError` for a network that gets no picture, before seconds are spent on loading it."""
    model = record.get("settings", {}).get("model", {})
    if "backbone" in model and NetworkParams.model_construct(**model).reads != "picture":
        raise StudyError(
            f"{model.get('label', model['backbone'])} hears the waveform and never sees a picture, so there is none to "
            "draw on; a trial of an image network is needed"
        )


class Explainer:
    """A trial's image network with its maps of saliency and the axes of its pictures."""

    def __init__(self, folder, record, known=None):
        predictor = Predictor(folder, record, known)
        self.extractor, self.classifier = predictor.classifier.extractor, predictor.classifier
        self.classes, self.task, network = predictor.classes, predictor.study.task, self.extractor.network
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
        """Return the figure of one clip: saliency for the predicted class and, where that is wrong, the true."""
        image = self.read(clip.path)
        scores = dict(zip(self.classes, self.classifier.score(image[None]), strict=True))
        said = max(scores, key=scores.get)
        names = [said] + [clip.y_true] * (clip.y_true not in (None, said))
        maps = self.saliency(np.stack([image] * len(names)), names)
        what = dict(zip(names, ("predicted", "true class"), strict=False))
        captions = [f"saliency for {name}\n{what[name]}, score {scores[name]:.2f}" for name in names]
        title = f"{self.title}: {clip.name}" + (f" (true class {clip.y_true})" if clip.y_true else "")
        return clip_figure(image.astype("uint8"), dict(zip(captions, maps, strict=True)), self.axes, title)


def _axes(extractor):
    """Return the axes (x, y) of the pictures: seconds and hertz, or pixels of pictures made elsewhere."""
    settings = extractor.settings
    if not DATASET_KINDS[settings.dataset.kind].has_sound:
        return pixel_axis(extractor.backbone.input_size, "left"), pixel_axis(extractor.backbone.input_size, "bottom")
    return time_axis(settings.clip, settings.mel), frequency_axis(settings.mel, settings.image)


def _examples(tested, n):
    """Return the first ``n`` rightly classified clips of each class and the ``n`` most confident mistakes."""
    right = tested["y_true"] == tested["y_pred"]
    examples = pd.concat([tested[right].groupby("y_true").head(n).sort_values("y_true", kind="stable"),
                          tested[~right].sort_values("score", ascending=False, kind="stable").head(n)])  # fmt: skip
    return [Clip(str(row.Index), Path(row.file), row.y_true) for row in examples.itertuples()]


def _named(name, clips):
    """Return the :class:`Clip` that a clip_id or a path names."""
    if str(name) in clips.index:
        clip = clips.loc[str(name)]
        return Clip(str(name), Path(clip["file"]), clip["label"])
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


def _class_means(explainer, tested, target):
    """Write the mean map of each class and the tables of bands and seconds; return (paths, sentences)."""
    panels, tables, sentences = {}, {"bands": [], "seconds": []}, []
    x, y = explainer.axes
    for name, rows in tested.groupby("y_true"):
        images = np.stack([explainer.read(path) for path in rows["file"].head(PER_CLASS)])
        mean = mean_share(explainer.saliency(images, [name] * len(images)))
        panels[f"{name} ({len(images)} clips)"] = images.mean(axis=0), mean
        profiles = {"bands": by_band(mean, y), "seconds": by_second(mean, x)}
        for kind, profile in profiles.items():
            tables[kind].append(profile.assign(**{"class": name, "n_clips": len(images)}))
        sentences += summary(name, len(images), *profiles.values())
    if not panels:
        return [], []
    title = f"{explainer.title}: saliency for the true class, mean over its test clips"
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
