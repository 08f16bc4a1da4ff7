"""What features depend on can be said for every kind of data set and all that a model may read of its clips."""

import pytest

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.features import READS
from benchmark.config.sections import read_section
from benchmark.config.study import Study
from benchmark.config.texts import RECOGNISERS
from benchmark.features.dependencies import depends_on
from benchmark.features.extractors import EXTRACTORS

BACKBONES = {
    "image": {"backbone": "keras.applications.MobileNetV2"},
    "sound": {"backbone": "tensorflow_hub:somewhere"},
    "text": {"backbone": "keras_hub:somewhere"},
    None: {},
}
FINDERS = {row.reads: name for name, row in RECOGNISERS.items() if not row.model_files}
READABLE = [(kind, reads) for kind, row in DATASET_KINDS.items() for reads in (*row.inputs, "nothing")]


@pytest.mark.parametrize(("dataset_kind", "reads"), READABLE)
def test_what_features_depend_on_is_known_for_all_that_clips_give(dataset_kind, reads):
    model = {"name": "m", "label": "M", "reads": reads, **BACKBONES[READS[reads]]}
    model |= {"text": {"recogniser": FINDERS[reads]}} if reads in FINDERS else {}
    model |= {"estimator": "uniform"} if reads == "nothing" else {}
    model |= {"weights": "random"} if READS[reads] else {}
    raw = {"name": "x", "dataset": {"root": "data", "kind": dataset_kind}, "models": [model]}
    study = read_section(Study, raw)
    found = depends_on(study.models[0], study.for_model(study.models[0]))
    assert DATASET_KINDS[dataset_kind].sections(reads) <= found.keys()
    assert (found["code"] == "") == (reads == "nothing")


def test_all_that_can_be_read_has_an_extractor_and_a_kind_of_data_set():
    given = {reads for row in DATASET_KINDS.values() for reads in row.inputs}
    assert given == set(EXTRACTORS) - {"several"} == set(READS) - {"nothing", "several"}
