"""The transcripts that a study's features were made of: from the cache into its results, when its trials are done."""

from benchmark.features.dependencies import transcripts_of
from benchmark.store.texts import write_texts
from benchmark.texts.kept import read_transcript


def keep_texts(study, clips):
    """Write the transcripts of the clips of a study, a file for each feature that reads words.

    Where the cache has none any more, what was written before stays."""
    for feature, folder in _features(study).items():
        paths = {row.clip_id: folder / f"{row.sha256}.json" for row in clips.itertuples()}
        found = {clip_id: read_transcript(path) for clip_id, path in paths.items()}
        told = {clip_id: transcript.to_json() for clip_id, transcript in found.items() if transcript is not None}
        if told:
            write_texts(study.folder, feature, told)


def _features(study):
    """Return {name: folder of its transcripts}; features of the same transcripts have one name, that of the first."""
    names = {}
    for model, part in study.read:
        if part.text:
            name = (model.features or model.name) if part is model else part.name
            own = f"{name}-{model.name}" if name in names.values() else name  # a model may change what its features are
            names.setdefault(transcripts_of(part, study.for_part(model, part)), own)
    return {name: folder for folder, name in names.items()}
