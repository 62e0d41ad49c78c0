# SPDX-License-Identifier: Apache-2.0
"""Files that libraries read and write: Avro, audio, video, images."""

import datetime

import av
import fastavro
import fsspec
import numpy as np
import pytest
import soundfile
from PIL import Image

import headrace as ray
from headrace.data.datasource import FilenameProvider, Partitioning

SCHEMA = {
    "type": "record",
    "name": "Event",
    "fields": [
        {"name": "n", "type": "long"},
        {"name": "s", "type": ["null", "string"]},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "when", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}
WHEN = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


def write_avro(path, numbers):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        fastavro.writer(
            file,
            SCHEMA,
            [{"n": n, "s": None if n % 2 else "x", "tags": ["a"] * (n % 3), "when": WHEN} for n in numbers],
        )


# ---- Avro ------------------------------------------------------------------------------------------------------------


def test_avro_records_become_rows(tmp_path):
    write_avro(tmp_path / "a.avro", range(0, 3000))
    write_avro(tmp_path / "b.avro", range(3000, 3010))
    (tmp_path / "notes.txt").write_text("not avro")
    ds = ray.data.read_avro(tmp_path)
    rows = ds.take_all()
    assert [row["n"] for row in rows] == list(range(3010))
    assert rows[5]["s"] is None and rows[4]["s"] == "x" and list(rows[5]["tags"]) == ["a", "a"]
    assert rows[0]["when"].timestamp() == WHEN.timestamp()
    assert [path.rpartition("/")[2] for path in ds.input_files()] == ["a.avro", "b.avro"]
    assert "ReadAvro" in ds.execution_plan()


def test_avro_files_are_opened_on_the_filesystem_that_was_given(tmp_path):
    write_avro(tmp_path / "in/a.avro", [1, 2])
    folder = fsspec.filesystem("dir", path=str(tmp_path), target_protocol="file")
    assert [row["n"] for row in ray.data.read_avro("in", filesystem=folder).take_all()] == [1, 2]


def test_avro_files_tell_columns_by_their_paths(tmp_path):
    write_avro(tmp_path / "year=2024/a.avro", [1])
    ds = ray.data.read_avro(tmp_path, partitioning=Partitioning("hive", field_types={"year": int}), include_paths=True)
    (row,) = ds.select_columns(["n", "year", "path"]).take_all()
    assert (row["n"], row["year"]) == (1, 2024)
    assert row["path"].endswith("year=2024/a.avro")


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "broken.avro").write_bytes(b"no avro at all")
    with pytest.raises(ValueError, match=r"Cannot read .*broken\.avro"):
        ray.data.read_avro(tmp_path).take_all()


@pytest.mark.parametrize("read", ["read_avro", "read_audio", "read_videos"])
def test_files_have_to_be_there(tmp_path, read):
    with pytest.raises(FileNotFoundError):
        getattr(ray.data, read)(tmp_path / "missing")
    with pytest.raises(ValueError, match=r"(?i)no .*files"):
        getattr(ray.data, read)(tmp_path)
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        getattr(ray.data, read)(tmp_path, colour=1)


# ---- audio -----------------------------------------------------------------------------------------------------------


def test_audio_is_read_by_channels(tmp_path):
    wave = np.linspace(-0.5, 0.5, 800, dtype=np.float32).reshape(400, 2)
    soundfile.write(tmp_path / "stereo.wav", wave, 8000, subtype="FLOAT")
    (row,) = ray.data.read_audio(tmp_path).take_all()
    assert row["sample_rate"] == 8000
    assert row["amplitude"].dtype == np.float32
    assert np.array_equal(row["amplitude"], wave.T)


def test_sounds_may_differ_in_length(tmp_path):
    for length in (10, 20, 30):
        soundfile.write(tmp_path / f"{length}.flac", np.zeros(length), 16000)
    batch = ray.data.read_audio(tmp_path, include_paths=True).take_batch()
    assert [amplitude.shape for amplitude in batch["amplitude"]] == [(1, 10), (1, 20), (1, 30)]


# ---- video -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clip(tmp_path):
    """(path, frames) of a clip of 20 frames, 10 per second, without loss."""
    frames = [np.full((16, 24, 3), 10 * number, np.uint8) for number in range(20)]
    for number, frame in enumerate(frames):
        frame[0, number % 24] = (255, 0, 0)
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 24, 16, "bgr0"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path, frames


def test_frames_become_rows(clip):
    path, frames = clip
    ds = ray.data.read_videos(path, include_timestamps=True)
    rows = ds.take_all()
    assert [row["frame_index"] for row in rows] == list(range(20))
    assert all(np.array_equal(row["frame"], frame) for row, frame in zip(rows, frames, strict=True))
    assert rows[3]["frame_timestamp"] == pytest.approx([0.3, 0.4], abs=0.01)
    assert ray.data.read_videos(path).schema().names == ["frame", "frame_index"]


def test_some_frames_in_another_size(clip):
    path, _ = clip
    rows = ray.data.read_videos([path], fps=2, resize=(8, 12)).take_all()
    assert [row["frame_index"] for row in rows] == [0, 5, 10, 15]
    assert {row["frame"].shape for row in rows} == {(8, 12, 3)}


@pytest.mark.parametrize("arguments", [{"fps": 0}, {"fps": 1.5}, {"resize": (1,)}, {"resize": (0, 4)}])
def test_arguments_of_videos_are_checked(clip, arguments):
    with pytest.raises(ValueError, match="Expected"):
        ray.data.read_videos(clip[0], **arguments)


# ---- images ----------------------------------------------------------------------------------------------------------


def test_images_are_written_one_per_row(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (5, 8, 6, 3), np.uint8)
    ray.data.from_numpy(images).write_images(tmp_path / "out", "data")
    files = sorted((tmp_path / "out").iterdir())
    assert [file.suffix for file in files] == [".png"] * 5
    assert all(np.array_equal(np.asarray(Image.open(file)), image) for file, image in zip(files, images, strict=True))


def test_images_have_the_format_and_names_asked_for(tmp_path):
    class Named(FilenameProvider):
        def get_filename_for_row(self, row, write_uuid, task_index, block_index, row_index):
            return f"{row['name']}.webp"

    rows = [{"image": np.zeros((4, 4), np.uint8), "name": name} for name in ("a", "b")]
    ray.data.from_items(rows).write_images(tmp_path, "image", "webp", filename_provider=Named("", "webp"))
    assert {file.name: Image.open(file).format for file in tmp_path.iterdir()} == {"a.webp": "WEBP", "b.webp": "WEBP"}


def test_a_column_that_is_missing_is_named(tmp_path):
    with pytest.raises(KeyError, match="no column 'image'; there are id"):
        ray.data.range(1).write_images(tmp_path / "out", "image")
    assert not (tmp_path / "out").exists()
