# SPDX-License-Identifier: Apache-2.0
"""Methods that write one record or sample per row."""

from __future__ import annotations

import os

from headrace.data._tf_schema import features_of
from headrace.data._write import WriteMethods, file_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class WriteRecordMethods(WriteMethods):
    """See ``WriteMethods`` for what the methods have in common."""

    def write_tfrecords(
        self,
        path: str | os.PathLike[str],
        *,
        tf_schema: Any = None,
        filesystem: Any = None,
        try_create_dir: bool = True,
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
            path, filesystem, try_create_dir, min_rows_per_file, max_rows_per_file, num_rows_per_file, mode,
                ray_remote_args, concurrency: See ``write_parquet``.

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
        given = file_options(path, filesystem, try_create_dir, min_rows_per_file, max_rows_per_file, mode)
        self._write("write_tfrecords", {**given, "tf_schema": features_of(tf_schema)}, concurrency, ray_remote_args)
