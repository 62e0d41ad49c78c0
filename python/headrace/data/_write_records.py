# SPDX-License-Identifier: Apache-2.0
"""Methods that write one record or sample per row."""

from __future__ import annotations

import os

from headrace.data._write import WriteMethods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from headrace.data.datasource import FilenameProvider


class WriteRecordMethods(WriteMethods):
    """See ``WriteMethods`` for what the methods have in common."""

    def write_tfrecords(
        self,
        path: str | os.PathLike[str],
        *,
        tf_schema: Any = None,
        filesystem: Any = None,
        try_create_dir: bool = True,
        filename_provider: FilenameProvider | None = None,
        min_rows_per_file: int | None = None,
        max_rows_per_file: int | None = None,
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
        num_rows_per_file: int | None = None,
        mode: Any = "append",
    ) -> None:
        """Write TFRecord files of ``tf.train.Example`` messages.

        Text and bytes become bytes, integers and booleans int64, floats float32; lists hold several values, and a null
        is a feature that the record does not have.

        Args:
            tf_schema: A ``tensorflow_metadata`` schema that the columns have to agree with.
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file,
                num_rows_per_file, mode, ray_remote_args, concurrency: See ``write_parquet``.

        Raises:
            ValueError: As ``write_parquet``, or a column is not in ``tf_schema``.
            TypeError: A column holds what a feature cannot hold.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     ray.data.range(3).write_tfrecords(path)
        ...     ray.data.read_tfrecords(path).count()
        3
        """
        if min_rows_per_file is None:
            min_rows_per_file = num_rows_per_file
        given = self._files_to(
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode
        )
        from headrace.data._tf_schema import features_of

        self._write("write_tfrecords", {**given, "tf_schema": features_of(tf_schema)}, concurrency, ray_remote_args)

    def write_webdataset(
        self,
        path: str | os.PathLike[str],
        *,
        filesystem: Any = None,
        try_create_dir: bool = True,
        filename_provider: FilenameProvider | None = None,
        min_rows_per_file: int | None = None,
        max_rows_per_file: int | None = None,
        ray_remote_args: dict[str, Any] | None = None,
        encoder: Any = True,
        concurrency: int | None = None,
        num_rows_per_file: int | None = None,
        mode: Any = "append",
    ) -> None:
        """Write tar archives of samples: the column ``x`` of a row is the file ``<__key__>.x``.

        Rows without ``__key__`` get a key of their own; other columns that begin with ``__`` and nulls make no file.

        Args:
            encoder: True: by the last part of a column's name. Bytes and text are stored as they are; cls and cls2 hold
                integers, json any value, npy numbers, lists and arrays, png, jpg and jpeg images as uint8 arrays. None:
                columns are bytes or text. A function from row (a dict) to sample, or a list of them, runs in Python
                before the write; what it leaves is encoded by the engine if the list ends with True.
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file,
                num_rows_per_file, mode, ray_remote_args, concurrency: See ``write_parquet``.

        Raises:
            ValueError: As ``write_parquet``, or a step that is no function comes before others.
            TypeError: A column has no form as a file of its name.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     ray.data.from_items([{"__key__": "a", "cls": 3}]).write_webdataset(path)
        ...     ray.data.read_webdataset(path).take_all()[0]["cls"]
        3
        """
        from headrace.data._webdataset import EncodeSteps, steps_of

        steps = steps_of("encoder", encoder)
        encode = steps[-1:] == [True]
        functions = steps[:-1] if encode else steps
        if not all(map(callable, functions)):
            raise ValueError(f"encoder: True can only be the last step, and formats have no encoder; got {encoder!r}")
        if min_rows_per_file is None:
            min_rows_per_file = num_rows_per_file
        given = self._files_to(
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode
        )
        encoded = self._derive(self._plan).map(EncodeSteps(functions)) if functions else self
        encoded._write("write_webdataset", {**given, "encode": encode}, concurrency, ray_remote_args)
