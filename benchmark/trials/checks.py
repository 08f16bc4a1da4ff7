"""What a run would stumble over in a study's networks and packages, found before anything is rendered."""

from collections import defaultdict
from functools import partial
from pathlib import Path

import keras

from benchmark.config.features import NAMED_WEIGHTS
from benchmark.errors import StudyError, did_you_mean
from benchmark.features.hub import check_packages
from benchmark.features.waveforms import WaveformExtractor
from benchmark.models import sources
from benchmark.models.catalogue import build_core, find_builder
from benchmark.models.sound_network import find_sound_builder, load_sound_network
from benchmark.models.text import build_encoder
from benchmark.models.text.distilbert import check_kind
from benchmark.models.weights import load as weights
from benchmark.store.reasons import reason_of
from benchmark.texts.packages import check_recogniser
from benchmark.training.unfreezing import trained_layers
from benchmark.trials import reach


def judge(study, say=print, thorough=False, offline=False):
    """Say what is wrong with the networks of a study; return {name: the reasons in one text} of the wrong ones.

    ``thorough``: as ``check`` looks, see :func:`wrong_networks` and :func:`weights_to_fetch`. Raises
    :class:`StudyError` where no network is right: then there is nothing to run."""
    wrong, notes = wrong_networks(study, thorough), {}
    if thorough:
        unreachable, notes = weights_to_fetch(study, wrong, offline)
        wrong |= {name: [reason] for name, reason in unreachable.items()}
        wrong |= _with_wrong_members(study, wrong)
    for name, note in notes.items():
        say(f"{name}: {note}")
    keras.utils.clear_session()
    said = [f"trials of {name} will fail: {reason}" for name, reasons in wrong.items() for reason in reasons]
    if all(wrong.keys() & {network.name, *network.needs} for network in study.models):
        raise StudyError("\n".join(["no network of the study can be run", *said]))
    for sentence in said:
        say(sentence)
    return {name: "; ".join(reasons) for name, reasons in wrong.items()}


def _with_wrong_members(study, wrong):
    """Return {name: reasons} of the models that need one of the ``wrong``, of which a run may yet have kept trials."""
    lacking = {model.name: [name for name in model.needs if name in wrong] for model in study.models}
    return {
        name: [f"so will {', '.join(members)}, of which it is made"] for name, members in lacking.items() if members
    }


def wrong_networks(study, thorough=False):
    """Return {name: reasons} of the networks whose trials cannot but fail; those that are right are left out.

    ``thorough`` lays out every network, loads the modules of a hub that are here, and runs a user's own builder: a run
    leaves that to the trial, where a builder that ends its process ends no more. Nothing is fetched."""
    found = {}
    for network in study.models:
        outcomes = [
            f"{named(part, network)}{reason}"
            for part in network.parts
            for step in STEPS[part.reads](part, study.for_part(network, part), thorough)
            if (reason := attempt(step)[1])
        ]
        found[network.name] = list(dict.fromkeys(outcomes))
    return {name: reasons for name, reasons in found.items() if reasons}


def weights_to_fetch(study, wrong, offline=False, seconds=4.0):
    """Return (reasons, notes), {name: text} each, of the named weights that are in no cache.

    reasons: why they cannot be fetched, or their builder cannot be asked for them; notes: they can be fetched, or with
    ``offline`` nobody was asked. Networks in ``wrong`` are left out: their trials fail anyway."""
    found, reasons, notes = [], defaultdict(list), defaultdict(list)
    for network, part in study.read:
        if network.name not in wrong and part.reads in SOURCES and part.has_named_weights:
            source, reason = attempt(partial(SOURCES[part.reads], part))
            if reason:
                reasons[network.name].append(f"{named(part, network)}{reason}")
            found += [(network, part, source)] if source and not source.cached else []
    answers = {} if offline else reach.ask([source.url for *_, source in found], seconds)
    for network, part, source in found:
        answer = answers.get(source.url, reach.Answer())
        if answer.problem:
            reasons[network.name].append(f"{named(part, network)}{source.absent} ({answer.problem}: {source.url})")
        else:
            size = f" ({answer.size / 1e6:.0f} MB)" if (answer.size or 0) > 1e6 else ""
            later = "; not asked for (--offline)" if offline else f"; it will be fetched{size}"
            notes[network.name].append(f"{named(part, network)}{source.file} is not in {source.place}{later}")
    return tuple({name: "; ".join(said) for name, said in told.items()} for told in (reasons, notes))


def named(part, network):
    """Return how what is said of one of a network's ``parts`` begins: with its name, where it is one of several."""
    return "" if part is network else f"{part.name}: "


def attempt(step):
    """Return (what a step returns, ''), or (None, the reason that a trial would record)."""
    try:
        return step(), ""
    except Exception as error:  # of any library, and of whatever a user's own builder does
        return None, reason_of(error)


def _image_steps(network, study, thorough):
    """Yield what raises where an image network is wrong."""
    library, _, preset = network.backbone.partition(":")
    if library == "keras_hub":
        yield partial(sources.check_preset, preset)
        if network.layer or (thorough and Path(preset).is_dir()):
            yield partial(_hub_layers, network)
        return
    found, reason = attempt(partial(find_builder, network.backbone))
    if reason:
        yield partial(find_builder, network.backbone)
        return
    builder = found[0]
    is_named = network.weights_path is None and network.weights != "random"
    is_cut = bool(network.layer or network.inner_dropout)
    if thorough:  # a builder that is asked where its weights come from lays out its layers as well
        lay_out = is_cut or not (is_named and network.backbone.startswith("keras.applications."))
    else:
        lay_out = (is_cut or network.options) and network.backbone.startswith(sources.LIBRARIES)
    if lay_out:
        yield partial(sources.check_layers, network)
    beginnings = [stage.unfreeze for stage in study.training.stages if stage.unfreeze]
    if beginnings and (thorough or network.backbone.startswith(sources.LIBRARIES)):
        yield partial(_layers_are_there, network, beginnings)
    if network.weights_path is not None:
        yield partial(_file_fits, builder, network)
    elif is_named:
        yield partial(weights.check_named, builder, network.weights, network.weights_sha256)
        if hasattr(builder, "weights_files"):
            yield partial(build_core, builder, network)


def _layers_are_there(network, beginnings):
    """Raise :class:`StudyError` where a stage unfreezes layers that a network has not."""
    core = sources.laid_out(network)
    for part in beginnings:
        trained_layers(core, part)


def _hub_layers(network):
    if network.layer:
        raise StudyError(f"{network.backbone} has no top to cut; leave out 'layer'")
    sources.check_layers(network)


def _file_fits(builder, network):
    _check_path(network)
    build_core(builder, network)


def _check_path(network):
    """Raise :class:`StudyError` where there is no file or folder of the weights, with the named source it may mean."""
    if not network.weights_path.exists():
        hint = did_you_mean(network.weights, NAMED_WEIGHTS) or "; give a file that exists, or 'weights: random'"
        raise StudyError(f"no weights at {network.weights_path}{hint}")


def _waveform_steps(network, study, thorough):
    """Yield what raises where a network over waveforms is wrong."""
    if network.weights == "random" or not network.is_saved_model:
        yield from _sound_steps(network, thorough)
        return
    yield partial(check_packages, network.backbone)
    if network.weights_path is not None:
        yield partial(_check_path, network)
        is_here = network.weights_path.exists()
    else:
        module = sources.hub_module(network)
        is_here = module is None or module.cached
    if thorough and is_here:
        yield partial(WaveformExtractor, network, study)


def _sound_steps(network, thorough):
    """Yield what raises where a network over sound that a module builds is wrong."""
    yield partial(find_sound_builder, network)
    if network.weights_path is not None and not network.weights_path.exists():
        yield partial(_check_path, network)
    elif thorough or network.weights != "random":
        yield partial(load_sound_network, network)


def _text_steps(network, study, thorough):
    """Yield what raises where a feature of words is wrong: its recogniser, and what encodes its texts."""
    yield partial(check_recogniser, network.text)
    library, _, preset = network.backbone.partition(":")
    is_fetched = library == "keras_hub" and network.weights_path is None and not Path(preset).is_dir()
    if is_fetched:
        yield partial(sources.check_preset, preset)
        yield partial(check_kind, preset)
        return
    if network.weights_path is not None:
        yield partial(_check_path, network)
    yield partial(build_encoder, network)


def _no_steps(network, study, thorough):
    return ()


# By what a model reads; what has no network has none that could be wrong.
OF_TEXT = ("screen_text", "speech")
STEPS = defaultdict(lambda: _no_steps, picture=_image_steps, frames=_image_steps, waveform=_waveform_steps)
STEPS |= dict.fromkeys(OF_TEXT, _text_steps)
SOURCES = {"picture": sources.source_of, "frames": sources.source_of, "waveform": sources.hub_module,
           **dict.fromkeys(OF_TEXT, sources.preset_of)}  # fmt: skip
