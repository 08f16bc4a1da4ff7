"""Facts about films of every kind, odd and damaged: each is right, or there is a reason."""

import shutil
import sys

import av
import numpy as np
import pytest
from PIL import Image

from benchmark.config.frames import FrameParams
from benchmark.video import film as passing
from benchmark.video.decode import Clock, survey
from benchmark.video.film import see_film
from benchmark.video.frames import forget_frames, frame_folder, keep_frames, load_frames, read_frames
from spectrograms.errors import FilmError
from tests.support.films import noise, plain, tone, write_film

SHA = "7e" * 32
RED, GREEN, BLUE = (220, 30, 30), (30, 200, 40), (30, 40, 210)
THREE = FrameParams(n=3)
OFF = 4  # of 255: rounding to 8 bits of YUV and back, and a mild codec
CONTAINERS = [
    ("mp4", "mpeg4"), ("mp4", "libx264"), ("mkv", "ffv1"), ("webm", "libvpx"), ("webm", "libvpx-vp9"), ("avi", "mpeg4"),
    ("ts", "mpeg2video"), ("mov", "libx264"), ("flv", "flv1"), ("mpg", "mpeg2video"), ("wmv", "wmv2"),
]  # fmt: skip


def seen(path, params=THREE):
    return see_film(path, [params], SHA)


@pytest.mark.parametrize(("extension", "codec"), CONTAINERS)
def test_every_container_gives_the_colours_at_their_times(tmp_path, extension, codec):
    path = write_film(tmp_path / f"a.{extension}", plain(RED, GREEN, BLUE, n=25), codec=codec)
    found = seen(path)
    frames = found.frames[THREE]
    assert found.seconds == pytest.approx(3, abs=0.05)
    assert found.caveat == ""
    assert frames.times == pytest.approx([0.48, 1.48, 2.48], abs=0.041)  # a frame lasts 0.04 s
    assert np.abs(frames.images.mean(axis=(1, 2)) - [RED, GREEN, BLUE]).max() <= OFF


@pytest.mark.parametrize("colour", [RED, GREEN, BLUE, (250, 240, 20), (128, 128, 128)])
@pytest.mark.parametrize(("space", "range_"), [("itu709", 1), ("itu709", 2), ("itu601", 1), ("itu601", 2)])
def test_colours_follow_what_the_film_says_of_its_matrix_and_range(tmp_path, space, range_, colour):
    said = {"itu709": 1, "itu601": 6}[space]
    path = write_film(
        tmp_path / "a.mp4", plain(colour, n=3), codec="libx264",
        colours={"colorspace": said, "color_range": range_},
    )  # fmt: skip
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert (int(frame.colorspace), int(frame.color_range)) == (said, range_)
        luma = frame.to_ndarray()[0, 0]  # of YUV: that the test is of what it says
    assert luma == pytest.approx(luma_of(colour, space, range_), abs=2)
    assert np.abs(read_frames(path, THREE, SHA).images.mean(axis=(0, 1, 2)) - colour).max() <= OFF


def luma_of(colour, space, range_):
    """Return Y of 0..255 of an RGB colour by ITU-R BT.709 or BT.601."""
    weights = {"itu709": (0.2126, 0.7152, 0.0722), "itu601": (0.299, 0.587, 0.114)}[space]
    luma = np.dot(weights, colour)
    return luma if range_ == 2 else 16 + luma * 219 / 255


def test_a_large_film_that_says_no_matrix_is_taken_for_high_definition(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 720, 64, "yuv444p"
        frame = av.VideoFrame.from_ndarray(plain(RED, height=720, width=64)[0], format="rgb24")
        yuv = frame.reformat(format="yuv444p", dst_colorspace="ITU709")
        yuv.colorspace = 2
        for packet in [*stream.encode(yuv), *stream.encode(None)]:
            out.mux(packet)
    assert np.abs(read_frames(tmp_path / "a.mkv", THREE, SHA).images.mean(axis=(0, 1, 2)) - RED).max() <= OFF


@pytest.mark.parametrize(("degrees", "turns"), [(0, 0), (90, 1), (-90, -1), (180, 2)])
def test_a_rotated_film_is_upright(tmp_path, degrees, turns):
    picture = noise(1, [1])[0]
    path = write_film(tmp_path / "a.mp4", [picture] * 3, codec="libx264", rotation=degrees)
    image = read_frames(path, THREE, SHA).images[0]
    assert image.shape == np.rot90(picture, turns).shape
    assert np.corrcoef(image.ravel(), np.rot90(picture, turns).ravel())[0, 1] > 0.9
    assert np.corrcoef(image.ravel(), np.rot90(picture, turns + 2).ravel())[0, 1] < 0.5


@pytest.mark.parametrize(("size", "shape"), [(16, (16, 24)), (64, (64, 96)), (500, (64, 96))])
def test_frames_are_made_smaller_by_areas_and_never_larger(tmp_path, size, shape):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (64, 96, 3), dtype=np.uint8)]
    path = write_film(tmp_path / "a.mkv", frames, codec="ffv1", pixels="bgr0")
    image = read_frames(path, FrameParams(n=1, size=size), SHA).images[0]
    assert image.shape[:2] == shape
    box = np.asarray(Image.fromarray(frames[0]).resize(shape[::-1], Image.Resampling.BOX), float)
    assert np.abs(image - box).max() <= 2  # roundings of two steps


def test_pixels_that_are_not_square_become_so(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(plain(RED, width=64)[0])), *stream.encode(None)]:
            out.mux(packet)
    assert read_frames(path, THREE, SHA).images.shape[1:3] == (32, 64)


def test_one_frame_is_a_film(tmp_path):
    path = write_film(tmp_path / "a.mp4", plain(RED))
    assert seen(path, FrameParams(sample="scene")).frames[FrameParams(sample="scene")].times.tolist() == [0]


def test_an_interlaced_film_is_told(tmp_path):
    path = write_film(tmp_path / "a.mp4", plain(RED, n=5), codec="libx264", encoder={"x264-params": "interlaced=1"})
    assert "interlaced" in seen(path).caveat


@pytest.mark.parametrize("sound", [None, tone(2.0)], ids=["silent", "with sound"])
def test_a_film_without_duration_in_its_header_is_counted(tmp_path, sound):
    path = write_film(tmp_path / "a.mkv", plain(RED, GREEN, n=25), sound=sound, container={"live": "1"})
    with av.open(str(path)) as container:
        assert container.duration is None
    assert survey(path).seconds == pytest.approx(2, abs=0.01)
    assert seen(path, FrameParams(n=2)).frames[FrameParams(n=2)].times == pytest.approx([0.48, 1.48], abs=0.041)


@pytest.mark.parametrize(("extension", "codec"), [("avi", "mpeg4"), ("mkv", "mpeg4"), ("ts", "mpeg2video")])
def test_of_a_film_that_breaks_off_the_rest_is_kept_and_told(tmp_path, extension, codec):
    path = write_film(tmp_path / f"a.{extension}", noise(4, [25] * 4), codec=codec)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    found = seen(path, FrameParams(n=8))
    assert 1 < found.seconds < 3.2
    assert len(found.frames[FrameParams(n=8)].times) >= 6
    assert found.frames[FrameParams(n=8)].times[-1] > 0.7 * found.seconds
    if extension == "mkv":  # a transport stream gives no length, and of an AVI ffmpeg takes off what is missing
        assert "of the 4.0 s that its header gives" in found.caveat


def test_times_that_begin_anew_are_carried_on(tmp_path):
    paths = [write_film(tmp_path / f"{n}.ts", plain(colour, n=25), codec="mpeg2video")
             for n, colour in enumerate((RED, GREEN))]  # fmt: skip
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(path.read_bytes() for path in paths))
    assert survey(joined).seconds == pytest.approx(2, abs=0.1)
    params = FrameParams(n=4)
    images = read_frames(joined, params, SHA).images.mean(axis=(1, 2))
    assert np.abs(images - [RED, RED, GREEN, GREEN]).max() <= OFF


@pytest.mark.parametrize("extension", ["mkv", "mp4", "flv", "avi", "ts"])
def test_frames_that_are_stored_in_another_order_make_a_film_no_longer(tmp_path, extension):
    reordered = {"preset": "veryfast", "x264-params": "bframes=3:b-adapt=0"}
    path = write_film(tmp_path / f"a.{extension}", noise(4, [12] * 4), codec="libx264", encoder=reordered)
    assert survey(path).seconds == pytest.approx(48 / 25, abs=0.01)  # Matroska leaves out the first decoding times


class Frame:
    """As much of a frame as a clock looks at."""

    def __init__(self, pts, duration=0):
        self.pts, self.time_base, self.duration = pts, 0.5, duration


@pytest.mark.parametrize(
    ("stamps", "times"),
    [
        ([10, 11, 13], [0, 0.5, 1.5]),
        ([None, None, 7, 9], [0, 0.1, 0.2, 1.2]),
        ([4, 6, 0, 2], [0, 1, 1.1, 2.1]),
        ([4, 4, 4, 5], [0, 0.1, 0.2, 0.7]),
    ],
)
def test_a_clock_never_goes_back(stamps, times):
    clock = Clock(0.1)
    assert [clock.place(Frame(stamp))[0] for stamp in stamps] == pytest.approx(times)


def cover_art(path):
    """Write sound with a picture of its cover."""
    picture = path.with_suffix(".png")
    Image.fromarray(plain(RED)[0]).save(picture)
    write_film(path.with_suffix(".mp4"), plain(RED), sound=tone(1.0))
    with av.open(str(path.with_suffix(".mp4"))) as source, av.open(str(path), "w") as out:
        track = out.add_stream_from_template(source.streams.audio[0])
        with av.open(str(picture)) as art:
            cover = out.add_stream_from_template(art.streams.video[0])
            cover.disposition = av.stream.Disposition.attached_pic
            (packet,) = [packet for packet in art.demux(video=0) if packet.size]
            packet.stream = cover
            out.mux(packet)
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = track
                out.mux(packet)


def sound_alone(path):
    """Write a container of video with sound alone."""
    write_film(path.with_suffix(".both.mp4"), plain(RED), sound=tone(1.0))
    with av.open(str(path.with_suffix(".both.mp4"))) as source, av.open(str(path), "w") as out:
        track = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = track
                out.mux(packet)


NO_FILMS = {
    "sound alone": (sound_alone, "has sound alone; a film is wanted"),
    "cover art": (cover_art, "has sound alone and a picture; a film is wanted"),
    "picture": (lambda path: Image.fromarray(plain(RED)[0]).save(path, "PNG"), "is a picture, and no film"),
    "text": (lambda path: path.write_text("no film at all\n" * 99), "cannot be decoded as video"),
    "empty": (lambda path: path.touch(), r"is empty \(0 bytes\)"),
    "folder": (lambda path: path.mkdir(), "is not a regular file"),
    "absent": (lambda path: None, "does not exist"),
    "playlist": (lambda path: path.write_text("#EXTM3U\nhttp://127.0.0.1:9/a.ts\n"), "cannot be decoded as video"),
}


@pytest.mark.parametrize("name", NO_FILMS)
def test_what_is_no_film_has_a_reason(tmp_path, name):
    write, reason = NO_FILMS[name]
    path = tmp_path / "a.mp4"
    write(path)
    with pytest.raises(FilmError, match=reason):
        seen(path)


def test_a_film_of_damaged_packets_alone_has_a_reason(tmp_path):
    path = write_film(tmp_path / "a.mp4", noise(2, [12, 12]), codec="libx264")
    content = bytearray(path.read_bytes())
    start, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    content[start:end] = b"\xff" * (end - start)
    path.write_bytes(content)
    with pytest.raises(FilmError, match="has no frame that can be decoded"):
        seen(path)


def test_a_name_is_never_taken_for_a_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(write_film(tmp_path / "b.mp4", plain(RED, n=3)), "concat:x")
    assert seen("concat:x").n_frames


def test_frames_that_are_kept_are_read_again_and_damaged_ones_made_anew(tmp_path, monkeypatch):
    path = write_film(tmp_path / "a.mp4", noise(2, [10, 10]))
    first = load_frames(path, SHA, tmp_path / "frames" / "x", THREE)
    (file,) = (tmp_path / "frames" / "x").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["benchmark.video.frames"], "see_film", lambda *arguments: pytest.fail("decoded"))
        again = load_frames(path, SHA, tmp_path / "frames" / "x", THREE)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    file.write_bytes(file.read_bytes()[:500])
    assert np.array_equal(load_frames(path, SHA, tmp_path / "frames" / "x", THREE).images, first.images)
    monkeypatch.setattr(sys.modules["benchmark.video.frames"], "MOST", 0)
    keep_frames(first, "00" * 32, tmp_path / "frames" / "x")
    assert [kept.name for kept in (tmp_path / "frames" / "x").iterdir()] == [file.name]


def test_frames_are_read_where_a_run_beside_this_one_forgets_them_meanwhile(tmp_path, monkeypatch):
    """The folder goes between the moment in which it is made and that in which a film's frames get their name."""
    path, folder = write_film(tmp_path / "a.mp4", noise(1, [10])), frame_folder(tmp_path, THREE)
    write = np.savez
    monkeypatch.setattr(np, "savez", lambda *a, **arrays: (write(*a, **arrays), forget_frames(tmp_path, THREE)))
    assert len(load_frames(path, SHA, folder, THREE).times) == 3
    assert not list(tmp_path.glob("frames/**/*.npz"))


def test_memory_does_not_grow_with_a_film(tmp_path, monkeypatch):
    frames = noise(1, [40])
    path = write_film(tmp_path / "a.mp4", [*frames * 10], gop=50)  # one shot of 400 frames
    held = []
    monkeypatch.setattr(sys.modules["benchmark.video.sampling"], "HELD", 20 * 9216)
    original = passing.SAMPLERS["scene"].see
    monkeypatch.setattr(
        passing.SAMPLERS["scene"], "see", lambda self, shown: (original(self, shown), held.append(len(self.held)))
    )
    seen(path, FrameParams(sample="scene"))
    assert len(held) == 400
    assert max(held) <= 20
