"""YAML to a typed, validated, frozen study. An error names the file, the key, what was expected and the likely slip."""

import difflib
import re
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from spectrograms.params import ClipParams, ImageParams, MelParams, Params

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
NAMED_WEIGHTS = ("imagenet", "places365", "audioset", "random")


class StudyError(ValueError):
    """The study, its data or the command cannot be run as given: one readable message, exit code 2."""


def _file_name(name):
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise ValueError(f"a name becomes a folder: letters, digits, '_', '-' and '.' only; got '{name}'")
    return name


Name = Annotated[str, AfterValidator(_file_name)]


class DatasetParams(Params):
    """Where the labelled clips are."""

    root: Path = Field(description="a folder with a folder per class, or a CSV: path,label[,group][,split]")
    kind: Literal["audio", "images"] = "audio"
    group_pattern: str | None = Field(
        None, description="regular expression on the file name; what it matches is the group"
    )
    synthetic: PositiveInt | None = Field(None, description="synthesise this many clips per genre into an absent root")

    @model_validator(mode="after")
    def _pattern_compiles(self):
        try:
            re.compile(self.group_pattern or "")
        except re.error as error:
            raise ValueError(f"group_pattern is no regular expression: {error}") from None
        return self


class SplitParams(Params):
    """Which clips are train, val and test."""

    protocol: Literal["holdout", "kfold", "predefined"] = "holdout"
    fractions: tuple[NonNegativeFloat, NonNegativeFloat, NonNegativeFloat] = (0.7, 0.1, 0.2)  # train, val, test
    rounding: Literal["matlab", "floor"] = "matlab"  # matlab: round half up per label
    folds: Annotated[int, Field(ge=2)] = 5  # kfold only
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)  # one trial per model, fold and seed

    @model_validator(mode="after")
    def _consistent(self):
        train, val, test = self.fractions
        if abs(train + val + test - 1) > 1e-6 or min(train, val, test) <= 0:
            raise ValueError(
                f"fractions of train, val and test must be above 0 and sum to 1; got {list(self.fractions)}"
            )
        if len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"seeds must be different integers of 0 or more; got {list(self.seeds)}")
        return self


class TrainingParams(Params):
    """How a model is trained."""

    regime: Literal["frozen", "finetune"] = "frozen"  # train the head on cached backbone outputs, or all layers
    optimizer: Literal["adam", "sgdm", "rmsprop"] = "adam"
    learning_rate: PositiveFloat = 1e-3
    epochs: PositiveInt = 50
    batch_size: PositiveInt = 32
    patience: PositiveInt | None = Field(
        10, description="stop after this many epochs without a lower val_loss; null: never"
    )
    batch_norm: Literal["frozen", "moving"] = Field(
        "frozen",
        description="finetune: batch normalisation as pretrained (Keras' advice), or batch statistics and moving means",
    )
    mixed_precision: Literal["auto", "off", "float16", "bfloat16"] = "auto"  # auto: float16 on a GPU, off on a CPU
    save_model: bool = Field(True, description="keep model.keras in each trial's folder (predict needs it)")


class LatencyParams(Params):
    """How long one prediction is timed for, batch 1 on the CPU, after warm-up."""

    calls: Annotated[int, Field(ge=1)] = 30  # at least
    seconds: NonNegativeFloat = 2.0  # at least
    warmup: PositiveInt = 3  # untimed calls after the first


class NetworkParams(Params):
    """One network: a file in configs/models/, or an entry of a study's ``models`` that changes one."""

    name: Name
    label: str
    backbone: str = Field(
        description="keras.applications.NAME, keras_hub:PRESET, tensorflow_hub:HANDLE or package.module:builder"
    )
    weights: str = Field("imagenet", description="imagenet, places365, audioset, random, or a path")
    input_size: PositiveInt | None = Field(None, description="pixels; the builder's own default unless given")
    features: str | None = Field(
        None, description="layer whose output the head reads; the global average pool unless given"
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0  # before the new classifier
    options: dict[str, int | float | str | bool | list[int]] = Field({}, description="further arguments of the builder")
    output: int | None = Field(None, description="tensorflow_hub: which of the returned tensors holds the embeddings")
    random: str | None = Field(None, description="tensorflow_hub: package.module:builder used for weights: random")

    @property
    def takes(self):
        """What the network is fed with: 'image' or 'waveform'."""
        return "waveform" if self.backbone.startswith("tensorflow_hub:") else "image"

    @property
    def weights_path(self):
        """The weights file or folder, or None where ``weights`` is one of the named sources."""
        return None if self.weights in NAMED_WEIGHTS else Path(self.weights)

    @property
    def weights_name(self):
        """What the tables show: the named source, or the file's name."""
        return self.weights if self.weights_path is None else self.weights_path.name


class Study(Params):
    """All that a run depends on."""

    name: Name
    dataset: DatasetParams
    clip: ClipParams = ClipParams()
    mel: MelParams = MelParams()
    image: ImageParams = ImageParams()
    split: SplitParams = SplitParams()
    training: TrainingParams = TrainingParams()
    latency: LatencyParams = LatencyParams()
    models: Annotated[tuple[NetworkParams, ...], Field(min_length=1)]
    cache: Path = Path(".cache")  # rendered images, features, embeddings
    results: Path = Path("results")  # the study writes into results/<name>/

    @property
    def folder(self):
        """Where the study's results go."""
        return self.results / self.name

    @model_validator(mode="after")
    def _consistent(self):
        names = [model.name for model in self.models]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"models named twice: {', '.join(twice)}; give one of them a 'name' of its own")
        deaf = [model.name for model in self.models if model.takes == "waveform"]
        if self.dataset.kind == "images" and deaf:
            raise ValueError(f"{', '.join(deaf)} need sound, but dataset.kind is 'images'; leave them out")
        return self


def load_study(path, overrides=(), only=(), configs=CONFIGS):
    """Return the :class:`Study` of a YAML file, with ``key=value`` overrides and the models reduced to ``only``.

    Raises :class:`StudyError` where the file, a key or a value is wrong."""
    path = Path(path)
    raw = {"name": path.stem, **read_yaml(path)}
    entries = raw.get("models", [])
    if not isinstance(entries, list):
        raise StudyError(f"{path}: models must be a list of names or mappings; got {entries!r}")
    raw["models"] = [{"extends": entry} if isinstance(entry, str) else entry for entry in entries]
    for override in overrides:
        _override(raw, override)
    raw["models"] = [resolve_network(entry, path, configs) for entry in raw["models"]]
    study = read_section(Study, raw, path)
    return _keep_only(study, only) if only else study


def load_network(name):
    """Return the :class:`NetworkParams` of a file in ``configs/models/``."""
    return resolve_network(name)


def read_yaml(path):
    """Return the mapping in a YAML file; raise :class:`StudyError` where there is none."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = difflib.get_close_matches(Path(path).stem, [p.stem for p in Path(path).parent.glob("*.yaml")], 1)
        raise StudyError(f"no file {path}" + (f"; did you mean {near[0]}.yaml?" if near else "")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise StudyError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise StudyError(f"{path}: expected a mapping of keys to values; got {type(content).__name__}")
    return content


def network_names(configs=CONFIGS):
    """Return the names that a study's ``models`` may use, sorted."""
    return sorted(path.stem for path in (configs / "models").glob("*.yaml"))


def resolve_network(entry, where="models", configs=CONFIGS):
    """Return the :class:`NetworkParams` of one entry of ``models``: a file's name, or a mapping that may extend one."""
    entry = {"extends": entry} if isinstance(entry, str) else entry
    if not isinstance(entry, dict):
        raise StudyError(f"{where}: an entry of models must be a name or a mapping; got {entry!r}")
    base, known = entry.get("extends"), network_names(configs)
    if base is not None and base not in known:
        raise StudyError(f"{where}: unknown model '{base}'{_did_you_mean(base, known)}; known are {', '.join(known)}")
    file = configs / "models" / f"{base}.yaml"
    inherited = {"name": base, "label": base, **read_yaml(file)} if base else {}
    changed = {key: value for key, value in entry.items() if key != "extends"}
    return read_section(NetworkParams, inherited | changed, f"{where}: model {changed.get('name', base)}")


def read_section(section, raw, where=""):
    """Return ``section(**raw)``; raise :class:`StudyError` with every slip in it, in words."""
    try:
        return section.model_validate(raw)
    except ValidationError as error:
        slips = [_explain(section, slip) for slip in error.errors()]
        raise StudyError("\n".join(f"{where}: {slip}" if where else slip for slip in slips)) from None


def _explain(section, slip):
    """Return one pydantic error as a sentence."""
    place = [str(part) for part in slip["loc"]]
    key, got = ".".join(place), slip["input"]
    if slip["type"] == "extra_forbidden":
        inside = f" in section {'.'.join(place[:-1])}" if place[1:] else ""
        return f"unknown key '{place[-1]}'{inside}{_did_you_mean(place[-1], _keys_at(section, slip['loc'][:-1]))}"
    if slip["type"] == "missing":
        return f"missing key '{key}'"
    if slip["type"] == "value_error":
        return f"{key}: {slip['ctx']['error']}" if key else str(slip["ctx"]["error"])
    hint = _did_you_mean(got, re.findall(r"'([^']+)'", slip["msg"])) if slip["type"] == "literal_error" else ""
    return f"{key}: {slip['msg'][0].lower()}{slip['msg'][1:]}; got {got!r}{hint}"


def _keys_at(section, loc):
    """Return the keys allowed at a place such as ('mel',) or ('models', 3) of a section."""
    for part in loc:
        if isinstance(part, str):
            kinds = [section.model_fields[part].annotation]
            while not isinstance(kinds[0], type) or not issubclass(kinds[0], Params):
                kinds = [kind for outer in kinds for kind in get_args(outer) if kind is not Ellipsis]
            section = kinds[0]
    return list(section.model_fields)


def _did_you_mean(word, known):
    near = difflib.get_close_matches(str(word), known, 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _override(raw, override):
    """Set one ``a.b.c=value``, the value read as YAML; a part may be an index or a name in a list."""
    key, equals, text = override.partition("=")
    if not equals:
        raise StudyError(f"--set takes key=value, as in training.epochs=5; got '{override}'")
    *outer, last = key.strip().split(".")
    try:
        value = yaml.safe_load(text)
        node = raw
        for part in outer:
            node = node.setdefault(part, {}) if isinstance(node, dict) else node[_index(node, part)]
        node[last if isinstance(node, dict) else _index(node, last)] = value
    except (yaml.YAMLError, LookupError, ValueError, TypeError, AttributeError):
        raise StudyError(f"--set {override}: there is no place '{key}' in the study for this value") from None


def _index(entries, part):
    names = [entry.get("name", entry.get("extends")) if isinstance(entry, dict) else entry for entry in entries]
    return names.index(part) if part in names else int(part) if part.lstrip("-").isdigit() else names.index(part)


def _keep_only(study, only):
    names = [model.name for model in study.models]
    for name in only:
        if name not in names:
            raise StudyError(
                f"--only {name}: the study has no such model{_did_you_mean(name, names)}; it has {', '.join(names)}"
            )
    return study.model_copy(update={"models": tuple(model for model in study.models if model.name in only)})
