"""A trained model as a file for other programs, and the proof that the file says the same: it is run and compared."""

import contextlib
import importlib.util
import json
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmark.errors import FeatureError, StudyError
from benchmark.inference.predictor import Predictor, check_trial, study_clips, tested_clips
from benchmark.models.backend import backend_name
from benchmark.tasks import TASKS
from spectrograms.errors import AudioError, ImageError
from spectrograms.files import draft, put, write_text


@dataclass(frozen=True)
class Format:
    """A file format: how it is written, and how it is run."""

    file: str
    write: Callable  # (keras.Model, Path)
    load: Callable  # Path -> function from an input (1, ...) float32 to scores (n_classes,)
    tolerance: float  # largest difference of a score
    packages: tuple[str, ...] = ()  # as they are imported; for pip with - in place of _
    memory: float = 2.0  # taken by writing, as a multiple of the weights: measured on ResNet-18, rounded up
    any_length: bool = True  # takes inputs whose size is open, such as the steps of a clip


def _load_keras(path):
    import keras

    model = keras.models.load_model(path, compile=False)
    return lambda x: np.asarray(model.predict_on_batch(x))[0]


def _exporter(name):
    return lambda model, path: model.export(str(path), format=name, verbose=False)


def _load_saved_model(path):
    import keras

    layer = keras.layers.TFSMLayer(str(path), call_endpoint="serve")
    return lambda x: keras.ops.convert_to_numpy(layer(x))[0]


def _load_onnx(path):
    from onnxruntime import InferenceSession

    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, x if isinstance(x, dict) else {name: x})[0][0]


def _load_tflite(path):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]["index"]
    answer = interpreter.get_output_details()[0]["index"]

    def run(x):
        interpreter.set_tensor(given, x)
        interpreter.invoke()
        return interpreter.get_tensor(answer)[0]

    return run


# Keras' own files run the same code again. Other programs add up in another order: of 32-bit floats with 24 bits each,
# some hundred layers leave about four digits.
FORMATS = {
    "keras": Format("model.keras", lambda model, path: model.save(path), _load_keras, 1e-5),
    "saved_model": Format("saved_model", _exporter("tf_saved_model"), _load_saved_model, 1e-5, ("tensorflow",)),
    "onnx": Format("model.onnx", _exporter("onnx"), _load_onnx, 1e-4, ("onnx", "onnxruntime"), 55.0),
    "tflite": Format(
        "model.tflite", _exporter("litert"), _load_tflite, 1e-4, ("tensorflow", "ai_edge_litert"), 12.0, False
    ),
}
# What goes into a head that is written alone, by what its network reads.
NOT_IN_FILE = "the features of {}, which is not in the file"
HEADS_READ = {
    "waveform": "the embeddings of {}, which is not in the file",
    "given": "the features of {}, which were computed elsewhere",
    "several": "the several features of {}, whose extractors are not in the file",
}
OUTPUTS = {  # what the scores of a head are, by its activation
    "softmax": "probabilities, which sum to 1; the class of the highest is predicted",
    "sigmoid": "a probability of each class by itself; every class at or above its threshold is predicted",
}
STEPS = 50  # of a clip of noise
CONVERTERS = {"onnx": {"tensorflow": "tf2onnx", "jax": "jax2onnx", "torch": "onnxscript"}}  # by format and backend


def export(trial_dir, format, out=None, n=5, known=None, say=print):
    """Write a trial's model as one of :data:`FORMATS` into the folder ``out``, and return the file's path.

    The file is run on ``n`` test clips of the study, or on noise where these are gone, and its scores are compared with
    those of ``predict``; ``export.json`` beside it tells the difference, what goes in and what comes out. Of a network
    over waveforms the head alone is written. ``out`` is ``TRIAL_DIR/export/FORMAT`` unless given, ``known`` as for
    :class:`Predictor`. Raises :class:`StudyError` where the format cannot be produced here, or where the file says
    something else than the model; then no file is left."""
    if n < 1:
        raise StudyError(f"at least one clip is needed to compare the exported file; got {n}")
    file_format, trial_dir = check_format(format), Path(trial_dir)
    record = check_trial(trial_dir)
    out = trial_dir / "export" / format if out is None else Path(out)
    predictor = Predictor(trial_dir, record, known)
    if predictor.network.head.reads_steps and not file_format.any_length:
        others = ", ".join(name for name, row in FORMATS.items() if row.any_length)
        raise StudyError(f"format {format} takes no head over steps, whose number is open; choose one of {others}")
    clips = _test_clips(trial_dir, predictor, n)
    cases = list(clips.values()) or _noise(predictor, n)
    _check_memory(file_format, predictor.classifier.model, format)
    with draft(out / file_format.file) as temporary, _scratch(out):
        _write(predictor.classifier.model, file_format, temporary, format)
        difference = _compare(file_format, temporary, cases, format)
        put(temporary, out / file_format.file)
    told = _describe(predictor, record, format) | {"max_difference": difference}
    on = f"{len(clips)} test clips" if clips else f"{n} inputs of noise, since the study's clips are gone"
    told |= {"compared_on": on, "clips": list(clips)}
    write_text(out / "export.json", json.dumps(told, indent=1))
    say(f"{out / file_format.file}: {told['part']}; input {told['input']['shape']} float32: {told['input']['what']}")
    say(f"scores differ by {difference:.1e} at most on {on} (allowed: {file_format.tolerance:g})")
    return out / file_format.file


def check_format(format):
    """Return the :class:`Format` of a name; raise :class:`StudyError` where it is unknown or a package is missing."""
    if format not in FORMATS:
        raise StudyError(f"--format must be one of {', '.join(FORMATS)}; got '{format}'")
    converter = CONVERTERS.get(format, {}).get(backend_name())
    needed = [*FORMATS[format].packages, *([converter] if converter else [])]
    missing = [name.replace("_", "-") for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise StudyError(f"format {format} needs packages that are not installed: pip install {' '.join(missing)}")
    return FORMATS[format]


def _check_memory(file_format, model, format):
    """Raise where converting would need more memory than is free: the system would end this process, or others."""
    weights, free = 4 * model.count_params(), psutil.virtual_memory().available  # bytes, float32
    if file_format.memory * weights > free:
        raise StudyError(
            f"format {format} cannot be produced here: converting {weights / 1e9:.1f} GB of weights takes about "
            f"{file_format.memory * weights / 1e9:.0f} GB of memory, and {free / 1e9:.0f} GB are free; "
            "saved_model takes less"
        )


def _test_clips(trial_dir, predictor, n):
    """Return {clip_id: (input, scores)} of up to ``n`` test clips, from first to last; {} where none can be read."""
    try:
        test, files = tested_clips(trial_dir, predictor, study_clips(trial_dir)["path"])
    except StudyError:  # no predictions: a folder may have been taken elsewhere
        return {}
    cases, classifier = {}, predictor.classifier
    for number in np.unique(np.linspace(0, len(files) - 1, min(n, len(files))).round().astype(int)):
        with contextlib.suppress(AudioError, ImageError, FeatureError, OSError):  # changed since
            x = classifier.extractor.read(files[number])
            cases[test.clip_id[number]] = _case(classifier.model, classifier.inputs([x]))
    return cases


def _noise(predictor, n):
    """Return ``n`` cases of random numbers in the range of what the model is fed with."""
    classifier, rng = predictor.classifier, np.random.default_rng(0)
    if predictor.network.reads == "picture":
        inputs = [rng.uniform(0, 255, (1, *classifier.model.input_shape[1:])) for _ in range(n)]
    else:
        inputs = [classifier.reads([_noisy_steps(rng, classifier.extractor.dim)]) for _ in range(n)]
    return [_case(classifier.model, x) for x in inputs]


def _noisy_steps(rng, dim):
    """Return features (STEPS, dim) float32 of noise, of several {name: features}."""
    if isinstance(dim, dict):
        return {name: _noisy_steps(rng, each) for name, each in dim.items()}
    return rng.uniform(size=(STEPS, dim)).astype("float32")


def _case(model, inputs):
    """Return the first of a batch of inputs, as a batch of one, and its scores (n_classes,)."""
    import keras

    first = keras.tree.map_structure(lambda part: part[:1].astype("float32"), inputs)
    return first, np.asarray(model.predict_on_batch(first))[0]


def _write(model, file_format, path, format):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # converters warn of what their own dependencies will change
            file_format.write(model, path)
    except Exception as error:  # five converters in two languages, each with errors of its own
        raise StudyError(f"format {format} cannot be produced here: {_first_line(error)}") from error


def _compare(file_format, path, cases, format):
    """Return the largest difference between the scores of a file and those of ``predict``."""
    try:
        run = file_format.load(path)
        answers = [(run(x), scores) for x, scores in cases]
        difference = max(float(np.abs(got - scores).max()) for got, scores in answers)
    except Exception as error:  # of four programs that run the file
        raise StudyError(f"the {format} file was written, but does not run here: {_first_line(error)}") from error
    if not difference <= file_format.tolerance:  # so that NaN fails too
        raise StudyError(
            f"the {format} file was written, but its scores differ by {difference:.2g} from the model's; "
            f"at most {file_format.tolerance:g} is allowed"
        )
    return difference


def _first_line(error):
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else 'no reason given'}"


@contextlib.contextmanager
def _scratch(out):
    """Let converters write their temporary files, which they leave where they are killed, into a draft in ``out``."""
    before = tempfile.tempdir
    with draft(out / "scratch") as folder:
        folder.mkdir()
        tempfile.tempdir = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before


def _describe(predictor, record, format):
    """Return what another program has to know of the file: what it is, what goes in, what comes out."""
    from benchmark.trials.provenance import versions

    image = predictor.network.reads == "picture"
    study = predictor.study
    picture = "RGB 0..255 as it is, (batch, height, width, channel); the network's own normalisation is in the file"
    activation = TASKS[study.task].activation
    steps = _told_of_steps(predictor.network.head)
    said = HEADS_READ.get(predictor.network.reads, NOT_IN_FILE).format(predictor.network.label)
    what = picture if image else f"{steps} {said}"
    settings = {"clip": study.clip, "mel": study.mel, "image": study.image} if image else {"clip": study.clip}
    return {
        "format": format,
        "file": FORMATS[format].file,
        "part": "the complete model" if image else "the head alone",
        "model": predictor.network.name,
        "label": predictor.network.label,
        "weights": record["weights"],
        "input": {"shape": _shapes(predictor.classifier.model), "dtype": "float32", "what": what},
        "task": study.task,
        "output": {
            "shape": [1, len(predictor.classes)],
            "what": OUTPUTS[activation],
            "activation": activation,
            "classes": predictor.classes,
            "thresholds": predictor.thresholds,
        },
        "made_from": {name: section.model_dump(mode="json") for name, section in settings.items()},
        "tolerance": FORMATS[format].tolerance,
        "versions": versions(),
    }


def _shapes(model):
    """Return the shape of a model's input for one clip, or {name: shape} of several; None is a size that is open."""
    shapes = {tensor.name: [1, *tensor.shape[1:]] for tensor in model.inputs}
    return shapes if len(shapes) > 1 else next(iter(shapes.values()))


def _told_of_steps(head):
    """Return what a head of a :class:`benchmark.config.heads.HeadParams` reads of what a network gives, in words."""
    if not head.reads_steps:
        return "the mean over steps of"
    drawn = f"; predict takes the mean over {head.draws} draws of {head.parts} segments" if head.draws else ""
    return f"steps, with a mask that is 1 for them and 0 for padding{drawn}:"
