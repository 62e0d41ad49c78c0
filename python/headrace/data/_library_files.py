# SPDX-License-Identifier: Apache-2.0
"""Files that are read by a Python library: Avro, audio, video."""

from __future__ import annotations

from headrace import _core
from headrace._worker.filesystem import load
from headrace.data._custom_read import PlannedSource
from headrace.data._even_parts import even_parts
from headrace.data._files import FileArguments
from headrace.data._filesystems import resolve
from headrace.data._optional import require
from headrace.data._row_blocks import blocks_of_rows
from headrace.data.block import BlockMetadata
from headrace.data.context import DataContext
from headrace.data.dataset import Dataset
from headrace.data.datasource.datasource import Datasource, ReadTask
from headrace.data.datasource.partitioning import Partitioning, PathPartitionParser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, BinaryIO, Unpack

    from headrace.data._files import FileReadArguments, Paths

AUDIO_EXTENSIONS = (
    *("mp3", "wav", "aac", "flac", "ogg", "m4a", "wma", "alac", "aiff", "pcm", "amr", "opus", "ra", "rm", "au"),
    *("mid", "midi", "caf"),
)
VIDEO_EXTENSIONS = (
    *("mp4", "mkv", "mov", "avi", "wmv", "flv", "webm", "m4v", "3gp", "mpeg", "mpg", "ts", "ogv", "rm", "rmvb", "vob"),
    *("asf", "f4v", "m2ts", "mts", "divx", "xvid", "mxf"),
)


def read_avro(paths: Paths, **shared: Unpack[FileReadArguments]) -> Dataset:
    """Records of Avro files, as rows.

    Args:
        paths: Files or directories.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        ImportError: fastavro is not installed.
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_avro("events")  # doctest: +SKIP
    """
    require("fastavro", "avro")
    return _read("Avro", _avro_rows, FileArguments("read_avro", paths, ("avro",), False, dict(shared), list_all=True))


def read_audio(paths: Paths, **shared: Unpack[FileReadArguments]) -> Dataset:
    """Audio files, a row each: ``amplitude``, float32 of shape (channels, samples), and ``sample_rate``.

    Args:
        paths: Files or directories.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        ImportError: soundfile is not installed.
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_audio("speech")  # doctest: +SKIP
    """
    require("soundfile", "audio")
    return _read(
        "Audio", _audio_rows, FileArguments("read_audio", paths, AUDIO_EXTENSIONS, False, dict(shared), list_all=True)
    )


def read_videos(
    paths: Paths,
    *,
    include_timestamps: bool = False,
    fps: int | None = None,
    resize: tuple[int, int] | None = None,
    **shared: Unpack[FileReadArguments],
) -> Dataset:
    """Frames of video files, a row each: ``frame``, uint8 RGB of shape (height, width, 3), and ``frame_index``.

    Args:
        paths: Files or directories.
        include_timestamps: Add ``frame_timestamp``: start and end of the frame in seconds.
        fps: Frames per second to keep, about; None: all.
        resize: (height, width) of the frames; None: as stored.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        ImportError: av is not installed.
        FileNotFoundError: A path does not exist.
        ValueError: ``fps`` or ``resize`` is out of range, or no file is left to read.

    >>> ray.data.read_videos("clips", fps=1, resize=(224, 224))  # doctest: +SKIP
    """
    require("av", "video")
    if fps is not None and (not isinstance(fps, int) or fps <= 0):
        raise ValueError(f"Expected `fps` to be a positive integer, but got {fps} instead.")
    if resize is not None and (len(resize) != 2 or not all(isinstance(side, int) and side > 0 for side in resize)):
        raise ValueError(f"Expected `resize` to contain two positive integers for height and width, but got {resize}.")

    def rows(file: BinaryIO) -> Iterator[dict[str, Any]]:
        return _video_rows(file, include_timestamps, fps, resize)

    return _read(
        "Videos", rows, FileArguments("read_videos", paths, VIDEO_EXTENSIONS, False, dict(shared), list_all=True)
    )


class LibraryFilesDatasource(Datasource):
    """Files that ``rows_of`` reads, each opened for it."""

    def __init__(self, name: str, rows_of: Callable[[Any], Iterator[dict[str, Any]]], given: FileArguments) -> None:
        self._name = name
        self._rows_of = rows_of
        self._paths: list[str] = given.files["paths"]
        self._filesystem: bytes = given.files["access"].filesystem
        self._columns_of = _PathColumns(given.files)

    def get_name(self) -> str:
        """Of the format."""
        return self._name

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """A task for some files that follow each other."""
        rows_of, columns_of, pickled = self._rows_of, self._columns_of, self._filesystem
        tasks = []
        for paths in even_parts(self._paths, parallelism):
            known = BlockMetadata(None, None, input_files=paths)
            read = _blocks_of_files(paths, pickled, rows_of, columns_of)
            tasks.append(ReadTask(read, known, per_task_row_limit=per_task_row_limit))
        return tasks


class _PathColumns:
    """Columns that a path tells: partition keys, and the path itself."""

    def __init__(self, files: dict[str, Any]) -> None:
        self._include_paths = files["include_paths"]
        told = files["partitioning"]
        self._parse: PathPartitionParser | None = None
        if told["style"] != "none":
            scheme = Partitioning(told["style"], told["base_dir"], told["field_names"] or None, told["field_types"])
            self._parse = PathPartitionParser(scheme)

    def of(self, path: str) -> dict[str, Any]:
        found = self._parse(path) if self._parse is not None else {}
        return {**found, "path": path} if self._include_paths else found


def _read(name: str, rows_of: Callable[[Any], Iterator[dict[str, Any]]], given: FileArguments) -> Dataset:
    context = DataContext.get_current().copy()
    source = PlannedSource(LibraryFilesDatasource(name, rows_of, given), context)
    plan = _core.Plan.read_python(source, given.override_num_blocks, given.options)
    return Dataset(plan, context, needs_gpus=given.num_gpus)


def _blocks_of_files(
    paths: Sequence[str],
    pickled: bytes,  # the filesystem of the user; b"": paths say which
    rows_of: Callable[[Any], Iterator[dict[str, Any]]],
    columns_of: _PathColumns,
) -> Callable[[], Iterator[_core.Block]]:
    def read() -> Iterator[_core.Block]:
        for path in paths:
            told = columns_of.of(path)
            filesystem, inside = (load(pickled), path) if pickled else resolve(path)
            try:
                with filesystem.open_input_file(inside) as file:
                    yield from blocks_of_rows({**row, **told} for row in rows_of(file))
            except Exception as error:
                raise ValueError(f"Cannot read {path}: {type(error).__name__}: {error}") from error

    return read


def _avro_rows(file: BinaryIO) -> Iterator[dict[str, Any]]:
    import fastavro

    return iter(fastavro.reader(file))


def _audio_rows(file: BinaryIO) -> Iterator[dict[str, Any]]:
    import soundfile

    amplitude, sample_rate = soundfile.read(file, always_2d=True, dtype="float32")
    yield {"amplitude": amplitude.T.copy(), "sample_rate": sample_rate}


def _video_rows(
    file: BinaryIO, include_timestamps: bool, fps: int | None, resize: tuple[int, int] | None
) -> Iterator[dict[str, Any]]:
    import av
    import numpy

    with av.open(file) as container:
        stream = container.streams.video[0]
        stride = 1
        if fps is not None and stream.average_rate:
            stride = max(1, round(float(stream.average_rate) / fps))
        height, width = resize or (None, None)
        for index, frame in enumerate(container.decode(stream)):
            if index % stride != 0:
                continue
            pixels = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
            row: dict[str, Any] = {"frame": pixels, "frame_index": index}
            if include_timestamps:
                start = float(frame.time or 0.0)
                length = float(frame.duration * frame.time_base) if frame.duration else 0.0
                row["frame_timestamp"] = numpy.array([start, start + length])
            yield row
