"""Facts about the settings of frames: what a way of sampling does not read is refused, and models change their own."""

import pytest

from benchmark.config.frames import DETECTORS, SAMPLES, FrameParams
from benchmark.config.sections import read_section
from benchmark.config.study import Study
from benchmark.errors import StudyError
from benchmark.video.sampling import SAMPLERS
from benchmark.video.shots import FINDERS

SETTINGS = {"n": 3, "every": 2.0, "detector": "content", "threshold": 0.5, "most": 7, "seed": 4}
MODEL = {"name": "y", "label": "Y", "backbone": "keras.applications.VGG16", "reads": "frames"}


def test_tables_have_the_same_rows():
    assert SAMPLES.keys() == SAMPLERS.keys()
    assert DETECTORS.keys() == FINDERS.keys()
    assert set(SETTINGS) == {name for reads in SAMPLES.values() for name in reads}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_setting_is_taken_where_it_is_read_and_refused_in_one_sentence_elsewhere(sample, name):
    given = {"sample": sample, name: SETTINGS[name]}
    if name in SAMPLES[sample]:
        assert getattr(FrameParams(**given), name) == SETTINGS[name]
    else:
        with pytest.raises(StudyError, match=f"^frames: {name} has no effect on sample: {sample}, which reads [^\n]*$"):
            read_section(Study, study(frames=given))


def study(**changes):
    base = {"name": "s", "dataset": {"root": "films", "kind": "video"}, "models": [MODEL]}
    return base | changes


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_is_written_down_is_read_again(sample):
    params = FrameParams(sample=sample)
    assert FrameParams.model_validate(params.model_dump(mode="json")) == params


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"start": 5, "end": 5}, "end must be after start, 5 s; got 5 s"),
        ({"n": 4, "middle": 5}, "middle must be at most n, 4; got 5"),
        ({"sample": "every", "most": 4, "middle": 5}, "middle must be at most most, 4; got 5"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        FrameParams(**given)


def test_a_model_changes_the_frames_that_it_reads():
    models = [MODEL | {"name": name, "frames": own} for name, own in {
        "as the study".replace(" ", "_"): {}, "fewer": {"n": 3}, "shots": {"sample": "scene"},
        "other_shots": {"sample": "scene", "detector": "adaptive"},
    }.items()]  # fmt: skip
    read = read_section(Study, study(models=models, frames={"n": 31, "start": 8.0}))
    frames = [read.for_model(model).frames for model in read.models]
    assert frames == [
        FrameParams(n=31, start=8.0), FrameParams(n=3, start=8.0), FrameParams(sample="scene", start=8.0),
        FrameParams(sample="scene", start=8.0, detector="adaptive"),
    ]  # fmt: skip
    assert [each.cut_threshold for each in frames] == [None, None, 0.27, 3.0]
    own = read_section(Study, study(models=models[-1:], frames={"sample": "scene", "threshold": 0.3}))
    assert own.for_model(own.models[0]).frames.cut_threshold == 3.0  # 0.3 was that of another detector


@pytest.mark.parametrize("where", ["study", "model"])
def test_frames_of_clips_that_are_no_films_are_refused(where):
    frames = {"frames": {"n": 3}}
    heard = {"name": "y", "label": "Y", "backbone": "tensorflow_hub:x", "weights": "audioset"}
    models = [heard | (frames if where == "model" else {})]
    raw = study(dataset={"root": "sounds", "kind": "audio"}, models=models)
    with pytest.raises(StudyError, match=r"frames has no effect on (dataset\.kind: audio|reads: waveform)"):
        read_section(Study, raw | (frames if where == "study" else {}))


def test_a_slip_in_a_models_own_frames_names_the_model():
    with pytest.raises(StudyError, match=r"model y: frames: every has no effect on sample: uniform"):
        read_section(Study, study(models=[MODEL | {"frames": {"every": 2.0}}]))
