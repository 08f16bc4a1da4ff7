"""Clips of sound: drawn as pictures, and told from copies by their sound."""

import pandas as pd

from benchmark.data.fingerprints import SETTINGS, near_duplicates, sound_fingerprint
from benchmark.data.leakage import Copies, keeper
from spectrograms import version
from spectrograms.files import sweep_cache
from spectrograms.render import render
from spectrograms.waveforms import keepers

COPIES = Copies("same sound", sound_fingerprint, near_duplicates, lambda: [SETTINGS, version.decoding()])


def code(study, reads):
    """Return what stands for the code by which a file becomes what a network reads: a picture, or its sound."""
    return version.pictures(study.image) if reads == "picture" else version.decoding()


def draw(study, clips, rejected, say=print, spread=None, trains=False):
    """Return (clips with their picture in the column ``image``, rejected); each clip is decoded once.

    What is also made of a clip's sound is made along: its fingerprint where copies are looked for, its waveform for
    networks that read it, if trials follow (``trains``). ``spread`` is that of :func:`spectrograms.render.render`."""
    settings, besides = (study.clip, study.mel, study.image), _besides(study, len(clips), trains)
    kept, bad, new = render(clips, *settings, study.cache, spread=spread, besides=besides)
    sweep_cache(study.cache)  # again: processes of a killed run may have gone on for a moment
    rejected = pd.concat([rejected, bad], ignore_index=True)
    say(f"{len(kept)} clips: {new} pictures rendered, {len(kept) - new} from {study.cache}; {len(rejected)} set aside")
    return kept, rejected


def _besides(study, n_clips, trains):
    rates = study.waveform_rates if trains else ()
    fingerprints = [keeper(COPIES, study.clip, study.cache)] if study.leakage != "off" else []
    return [*fingerprints, *keepers(study.cache, study.clip, rates, n_clips)]
