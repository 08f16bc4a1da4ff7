"""Facts about AudioSet's files: read without TensorFlow as TensorFlow reads them."""

import struct
from contextlib import suppress

import h5py
import numpy as np
import pytest

from benchmark.data.conversion.audioset import dequantise
from benchmark.data.conversion.convert import convert
from benchmark.data.conversion.tf_records import RecordError, checksum, parse, records
from benchmark.data.feature_files import read_features
from benchmark.errors import StudyError

RNG = np.random.default_rng(0)


def convert_silently(*given):
    return convert(*given, say=lambda line: None)


def said_of(out, clip_id):
    """Return (labels, split) of a clip in a file."""
    with h5py.File(out) as file:
        return list(file[clip_id].attrs["labels"]), file[clip_id].attrs.get("split", "")


def sequence_example(steps, labels=(0, 7), video_id=b"abc", key="audio_embedding"):
    """Return a SequenceExample of TensorFlow."""
    from tensorflow import train

    def feature(**values):
        return train.Feature(**values)

    context = {
        "video_id": feature(bytes_list=train.BytesList(value=[video_id])),
        "labels": feature(int64_list=train.Int64List(value=labels)),
        "start_time_seconds": feature(float_list=train.FloatList(value=[30.5])),
    }
    rows = [feature(bytes_list=train.BytesList(value=[bytes(step)])) for step in steps]
    lists = {key: train.FeatureList(feature=rows)}
    return train.SequenceExample(
        context=train.Features(feature=context), feature_lists=train.FeatureLists(feature_list=lists)
    )


def framed(content):
    """Return a record as a TFRecord file holds it."""
    length = struct.pack("<Q", len(content))
    return length + struct.pack("<I", checksum(length)) + content + struct.pack("<I", checksum(content))


STEPS = RNG.integers(0, 256, (4, 6), dtype="u1")


def write_records(path, contents):
    path.write_bytes(b"".join(map(framed, contents)))
    return path


def test_the_checksum_is_that_of_its_test_vector():
    crc = 0xE3069283  # of b"123456789", RFC 3720 and Koopman's tables of CRC-32C
    assert checksum(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_numbers_of_8_bits_stand_for_minus_2_to_2():
    """utils.Dequantize of YouTube-8M: n * 4 / 255 + 4 / 512 - 2."""
    numbers = np.arange(256, dtype="u1")
    np.testing.assert_allclose(dequantise(numbers), numbers * (4 / 255) + 4 / 512 - 2, atol=1e-6)  # float32


def test_records_that_tensorflow_writes_are_read(tmp_path):
    import tensorflow as tf

    contents = [b"", b"a", bytes(range(256)) * 40]
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as file:
        for content in contents:
            file.write(content)
    assert list(records(tmp_path / "a.tfrecord")) == contents
    assert (tmp_path / "a.tfrecord").read_bytes() == b"".join(map(framed, contents))


def as_tensorflow(content):
    """Return context and feature lists as TensorFlow parses them."""
    from tensorflow import train

    example = train.SequenceExample.FromString(content)

    def values(feature):
        kind = feature.WhichOneof("kind")
        return list(getattr(feature, kind).value) if kind else []

    lists = example.feature_lists.feature_list
    return (
        {key: values(feature) for key, feature in example.context.feature.items()},
        {key: [values(step) for step in steps.feature] for key, steps in lists.items()},
    )


MESSAGES = {
    "as AudioSet's": lambda: sequence_example(STEPS),
    "without labels": lambda: sequence_example(STEPS, labels=()),
    "labels below 0 and large": lambda: sequence_example(STEPS, labels=(-1, 2**63 - 1, -(2**63), 300)),
    "without steps": lambda: sequence_example([]),
    "steps of unlike length": lambda: sequence_example([b"abc", b"", b"de"]),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_are_read_as_tensorflow_reads_them(name):
    content = MESSAGES[name]().SerializeToString()
    assert tuple(parse(content)) == as_tensorflow(content)


def test_changed_messages_are_read_as_tensorflow_reads_them_or_refused():
    from google.protobuf.message import DecodeError

    whole = np.frombuffer(MESSAGES["as AudioSet's"]().SerializeToString(), "u1")
    same = 0
    for _ in range(1500):
        changed = whole.copy()
        changed[RNG.integers(len(changed))] ^= 1 << RNG.integers(8)
        with suppress(RecordError, DecodeError):
            found = parse(changed.tobytes())
            told = as_tensorflow(changed.tobytes())
            for ours, theirs in zip(found, told, strict=True):
                # As text, for NaN is not itself. TensorFlow leaves out entries that hold unknown fields besides.
                assert {key: repr(ours.get(key)) for key in theirs} == {key: repr(theirs[key]) for key in theirs}
            same += 1
    assert same > 200  # most bits are in numbers and texts


def test_the_segments_of_audioset_are_those_that_tensorflow_reads(shared, tmp_path):
    import tensorflow as tf

    source = shared / "data" / "audioset"
    found = convert_silently(source, tmp_path / "a.h5", "audioset")
    assert found == (975, [])
    classes, steps = set(), []
    for file in sorted(source.glob("*.tfrecord")):
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            context, lists = as_tensorflow(record)
            clip_id = context["video_id"][0].decode()
            numbers = np.frombuffer(b"".join(step[0] for step in lists["audio_embedding"]), "u1").reshape(-1, 128)
            read = read_features(f"{tmp_path / 'a.h5'}#{clip_id}", "audio_embedding")
            np.testing.assert_allclose(read, numbers * (4 / 255) + 4 / 512 - 2, atol=1e-6)  # float32
            labels = [f"class_{index}" for index in context["labels"]]
            assert said_of(tmp_path / "a.h5", clip_id)[0] == labels
            classes |= set(labels)
            steps.append(len(read))
    assert len(classes) == 289
    assert (len(steps), steps.count(10), min(steps), max(steps)) == (975, 968, 5, 10)


def test_a_list_of_classes_names_them(tmp_path):
    source = write_records(tmp_path / "a.tfrecord", [sequence_example(STEPS).SerializeToString()])
    text = 'index,mid,display_name\n0,/m/09x0r,Speech\n7,/m/05zppz,"Male speech, man speaking"\n'
    (tmp_path / "names.csv").write_text(text)
    convert_silently(source, tmp_path / "a.h5", "audioset", tmp_path / "names.csv")
    assert said_of(tmp_path / "a.h5", "abc")[0] == ["Speech", "Male speech, man speaking"]
    (tmp_path / "names.csv").write_text(text.replace("7,/m", "8,/m"))
    with pytest.raises(StudyError, match=r"no clip that could be converted.*the class 7 is not in"):
        convert_silently(source, tmp_path / "b.h5", "audioset", tmp_path / "names.csv")


def test_the_folders_of_audioset_are_a_split(tmp_path):
    for folder, clip_id in (("bal_train", b"a"), ("eval", b"b"), ("unbal_train", b"c")):
        (tmp_path / "all" / folder).mkdir(parents=True)
        example = sequence_example(STEPS, video_id=clip_id).SerializeToString()
        write_records(tmp_path / "all" / folder / "x.tfrecord", [example])
    convert_silently(tmp_path / "all", tmp_path / "a.h5", "audioset")
    assert [said_of(tmp_path / "a.h5", name)[1] for name in "abc"] == ["train", "test", "train"]
    convert_silently(tmp_path / "all" / "eval", tmp_path / "b.h5", "audioset")
    assert said_of(tmp_path / "b.h5", "b")[1] == ""
    (tmp_path / "split.json").write_text('{"train": ["b"], "test": ["c"]}')
    convert_silently(tmp_path / "all", tmp_path / "c.h5", "audioset", None, tmp_path / "split.json")
    assert [said_of(tmp_path / "c.h5", name)[1] for name in "abc"] == ["train", "train", "test"]


def test_a_damaged_record_costs_that_clip_alone(tmp_path):
    messages = [sequence_example(STEPS, video_id=name).SerializeToString() for name in (b"a", b"b", b"c", b"d")]
    whole = [framed(message) for message in messages]
    odd = sequence_example([b"abc", b"d"], video_id=b"e").SerializeToString()
    damaged = whole[1][:40] + b"x" + whole[1][41:]
    parts = [whole[0], damaged, framed(b"\xff\xff\xff"), framed(odd), framed(messages[0]), whole[2], whole[3][:30]]
    (tmp_path / "a.tfrecord").write_bytes(b"".join(parts))
    found = convert_silently(tmp_path / "a.tfrecord", tmp_path / "a.h5", "audioset")
    assert found.clips == 2
    assert [(name, reason.partition(":")[0]) for name, reason in found.left_out] == [
        ("a.tfrecord, record 1", "its bytes do not fit their checksum"),
        ("a.tfrecord, record 2", "is no SequenceExample"),
        ("a.tfrecord, record 3", "the steps of 'audio_embedding' are not bytes of one length each"),
        ("a", "its id is that of a clip before"),
        ("a.tfrecord, record 6", "the file ends within a record"),
    ]


@pytest.mark.parametrize(("key", "kind", "value", "reason"), [
    ("video_id", "int64_list", 5, "it has no video_id or id that is text"),
    ("video_id", "bytes_list", b"", "it has no video_id or id that is text"),
    ("labels", "bytes_list", b"dog", "its labels are no numbers of classes"),
    ("labels", "float_list", 1.5, "its labels are no numbers of classes"),
])  # fmt: skip
def test_a_message_with_fields_of_another_type_costs_that_clip_alone(tmp_path, key, kind, value, reason):
    odd = sequence_example(STEPS, video_id=b"odd")
    odd.context.feature[key].Clear()
    getattr(odd.context.feature[key], kind).value.append(value)
    messages = [message.SerializeToString() for message in (odd, sequence_example(STEPS))]
    found = convert_silently(write_records(tmp_path / "a.tfrecord", messages), tmp_path / "a.h5", "audioset")
    assert found == (1, [("a.tfrecord, record 0", reason)])


def test_behind_a_damaged_length_nothing_is_read(tmp_path):
    whole = framed(sequence_example(STEPS).SerializeToString())
    (tmp_path / "a.tfrecord").write_bytes(whole + b"\xff" + whole[1:] + whole)
    first, second = records(tmp_path / "a.tfrecord")
    assert first == whole[12:-4]
    assert isinstance(second, RecordError)
