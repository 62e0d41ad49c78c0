# SPDX-License-Identifier: Apache-2.0
"""Readers of formats that hold one record or sample per row: TFRecord, WebDataset."""

from __future__ import annotations

from headrace import _core
from headrace.data._files import FileArguments
from headrace.data._tf_schema import features_of
from headrace.data._webdataset import SampleSteps, patterns_of, steps_of
from headrace.data.context import DataContext
from headrace.data.dataset import Dataset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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


def read_webdataset(
    paths: Paths,
    *,
    decoder: Any = True,
    fileselect: Sequence[str] | Callable[[str], bool] | None = None,
    filerename: Callable[[str], str] | Sequence[Callable[[str], str]] | None = None,
    suffixes: Sequence[str] | Callable[[str], bool] | None = None,
    verbose_open: bool = False,
    expand_json: bool = False,
    **shared: Unpack[FileReadArguments],
) -> Dataset:
    """Samples of tar archives: files with a name in common up to its first dot are a row.

    Columns are ``__key__`` (the common name), one per suffix, and ``__url__`` (the archive). A sample without a file
    has a null. Archives are read from front to back and never extracted; links and devices are passed over.

    Args:
        paths: Files or directories; compressed ones are decompressed by suffix (``.tar.gz``, ``.tgz``, …).
        decoder: True: by suffix. txt and text become text, cls and cls2 integers, jpg and png arrays as in
            ``read_images``, npy arrays, json values; all others stay bytes. Pickles (pkl, pickle, pt, pth) too: loading
            them runs code of the file. None: everything stays bytes. A function from sample (a dict) to sample, "PIL"
            (images are ``PIL.Image`` objects), or a list of these steps, runs in Python behind the read; such a list
            that begins with True is decoded by the engine first.
        fileselect: Patterns of names of files to read ("*.jpg"), or a function that is asked for each name.
        filerename: Function, or functions, from name to name. A sample whose files get different keys becomes several;
            files of different samples are not joined.
        suffixes: Patterns of suffixes to read, or a function that is asked for each suffix.
        verbose_open: Log when an archive is opened and read.
        expand_json: The keys of the ``json`` file of a sample become columns too.
        **shared: See the module ``headrace.data.read_api``. ``file_extensions`` is tar, tar.gz and tgz by default.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_webdataset("train", suffixes=["jpg", "cls"])  # doctest: +SKIP
    """
    given = FileArguments("read_webdataset", paths, ("tar", "tar.gz", "tgz"), False, dict(shared))
    steps = steps_of("decoder", decoder)
    renames = [] if filerename is None else [filerename] if callable(filerename) else list(filerename)
    chosen = {"fileselect": fileselect, "suffixes": suffixes}
    by_engine = not renames and not any(map(callable, chosen.values()))
    decode = by_engine and steps[:1] == [True]
    if decode:
        steps = steps[1:]
    patterns = {name: None if callable(choice) else patterns_of(name, choice) for name, choice in chosen.items()}
    plan = _core.Plan.read_webdataset(
        given.files,
        decode,
        patterns["fileselect"] if by_engine else None,
        patterns["suffixes"] if by_engine else None,
        bool(verbose_open),
        bool(expand_json) and decode and not steps,
        DataContext.get_current().max_image_pixels,
        given.override_num_blocks,
        given.options,
    )
    dataset = Dataset(plan, DataContext.get_current().copy(), needs_gpus=given.num_gpus)
    if by_engine and not steps and (decode or not expand_json):
        return dataset
    return dataset.flat_map(
        SampleSteps(
            filerename=renames,
            fileselect=None if by_engine else fileselect if callable(fileselect) else patterns["fileselect"],
            suffixes=None if by_engine else suffixes if callable(suffixes) else patterns["suffixes"],
            decoders=steps,
            expand_json=bool(expand_json),
        ),
        concurrency=shared.get("concurrency"),
    )
