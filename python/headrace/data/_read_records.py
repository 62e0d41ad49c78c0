# SPDX-License-Identifier: Apache-2.0
"""Readers of formats that hold one record or sample per row: TFRecord."""

from __future__ import annotations

from headrace import _core
from headrace.data._files import FileArguments
from headrace.data._tf_schema import features_of
from headrace.data.context import DataContext
from headrace.data.dataset import Dataset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Unpack

    from headrace.data._files import FileReadArguments, Paths


def read_tfrecords(paths: Paths, *, tf_schema: Any = None, **shared: Unpack[FileReadArguments]) -> Dataset:
    """``tf.train.Example`` messages of TFRecord files, a column per feature. Needs no TensorFlow.

    A feature with one value in every record is a column of bytes, float32 or int64 values, others are lists. A feature
    that a record does not have is null. The columns are those of all records of a file. Checksums are checked.

    Args:
        paths: Files or directories; compressed ones are decompressed by suffix.
        tf_schema: A ``tensorflow_metadata`` schema: its features are the columns, all of them lists.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_tfrecords("iris.tfrecords.gz")  # doctest: +SKIP
    """
    given = FileArguments("read_tfrecords", paths, None, False, dict(shared))
    plan = _core.Plan.read_tfrecords(given.files, features_of(tf_schema), given.override_num_blocks, given.options)
    return Dataset(plan, DataContext.get_current().copy(), needs_gpus=given.num_gpus)
