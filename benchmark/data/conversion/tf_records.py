"""TFRecord files and the SequenceExample messages in them, read without TensorFlow.

A record is its length (uint64), a checksum of that, its bytes, and a checksum of these
(https://www.tensorflow.org/tutorials/load_data/tfrecord); the fields of the messages are those of
tensorflow/core/example/feature.proto and example.proto, in the wire format of protocol buffers
(https://protobuf.dev/programming-guides/encoding)."""

import struct
from typing import NamedTuple

import numpy as np

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
MASK = 0xA282EAD8  # added to a checksum that is stored beside what it is of
MOST = 1 << 31  # bytes of a record: a longer one is a wrong length


class RecordError(ValueError):
    """A record that is damaged: the reason."""


class SequenceExample(NamedTuple):
    """What one says of a clip."""

    context: dict[str, list]  # bytes, floats or integers
    feature_lists: dict[str, list[list]]  # of each step its values


def _table():
    """Return the checksum of each byte by CRC-32C (Castagnoli), reflected polynomial 0x82F63B78."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0x82F63B78), table >> 1)
    return tuple(table.tolist())


TABLE = _table()


def checksum(content):
    """Return the masked CRC-32C of bytes, as TFRecord files hold it."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF


def records(path):
    """Yield the bytes of each record of a file, or a RecordError in the place of one whose bytes are damaged.

    Where a length is damaged, or the file ends within a record, that is the last: none can be found behind it."""
    with open(path, "rb") as file:
        while head := file.read(12):
            length, stored = struct.unpack("<QI", head) if len(head) == 12 else (0, -1)
            if stored != checksum(head[:8]) or length > MOST:
                yield RecordError("the length of a record is damaged: nothing behind it can be read")
                return
            content, tail = file.read(length), file.read(4)
            if len(tail) < 4:
                yield RecordError("the file ends within a record")
                return
            is_whole = struct.unpack("<I", tail)[0] == checksum(content)
            yield content if is_whole else RecordError("its bytes do not fit their checksum")


def parse(content):
    """Return the :class:`SequenceExample` in bytes; raise :class:`RecordError` where they are none."""
    try:
        context, lists = {}, {}
        for field, part in _fields(content):
            if field == (1, BYTES):
                context |= {key: _values(feature) for key, feature in _entries(part)}
            elif field == (2, BYTES):
                lists |= {key: [_values(step) for step in _first(steps)] for key, steps in _entries(part)}
        return SequenceExample(context, lists)
    except (ValueError, IndexError, struct.error, TypeError) as error:
        raise RecordError(f"is no SequenceExample: {error}") from None


def _fields(content):
    """Yield ((field number, wire type), value) of a message: an integer of a varint, else bytes."""
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _varint(content, at)
        else:
            size, at = _varint(content, at) if kind == BYTES else ({FIXED64: 8, FIXED32: 4}.get(kind, -1), at)
            value, at = content[at : at + size], at + size
            if size < 0 or at > len(content):
                raise ValueError("a field goes beyond the end")
        yield (number, kind), value


def _first(content):
    """Return the bytes of all fields of number 1 of a message."""
    return [part for field, part in _fields(content) if field == (1, BYTES)]


def _varint(content, at):
    value = shift = 0
    while True:
        byte = content[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")


def _entries(content):
    """Yield (key, value's bytes) of a message that holds a map of them."""
    for entry in _first(content):
        fields = dict(_fields(entry))
        yield fields.get((1, BYTES), b"").decode("utf-8"), fields.get((2, BYTES), b"")


def _values(feature):
    """Return the values of a Feature, a list of bytes, floats or integers."""
    found = []
    for (number, kind), content in _fields(feature):
        if kind == BYTES and number in KINDS:  # of several the last holds
            found = KINDS[number](content)
    return found


def _floats(content):
    """Return the values of a FloatList, packed or one by one."""
    parts = [part for field, part in _fields(content) if field in ((1, BYTES), (1, FIXED32))]
    return [value for part in parts for value in np.frombuffer(part, "<f4").tolist()]


def _integers(content):
    """Return the values of an Int64List, packed or one by one."""
    found = []
    for field, part in _fields(content):
        if field == (1, VARINT):
            found.append(_signed(part))
        elif field == (1, BYTES):
            at = 0
            while at < len(part):
                value, at = _varint(part, at)
                found.append(_signed(value))
    return found


def _signed(value):
    return value - (1 << 64) if value >> 63 else value


KINDS = {1: _first, 2: _floats, 3: _integers}  # by the field of a Feature: its BytesList, FloatList or Int64List
