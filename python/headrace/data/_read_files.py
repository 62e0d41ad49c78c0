# SPDX-License-Identifier: Apache-2.0
"""Readers of images, text, whole files and .npy."""

from __future__ import annotations

from headrace import _core
from headrace.data._files import FileArguments
from headrace.data.context import DataContext, at_least_one
from headrace.data.dataset import Dataset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, Unpack

    from headrace.data._files import FileReadArguments
    from headrace.data._paths import Paths

IMAGE_EXTENSIONS = ("png", "jpg", "jpeg", "tif", "tiff", "bmp", "gif")


def read_images(
    paths: Paths,
    *,
    size: tuple[int, int] | None = None,
    mode: str | None = None,
    decode: Literal["accurate", "fast"] = "accurate",
    **shared: Unpack[FileReadArguments],
) -> Dataset:
    """Images as rows with a column ``image``: uint8 arrays of shape (height, width[, channels]).

    Args:
        paths: Files or directories.
        size: (height, width) that images are resized to (bilinear); None: as stored. Images of one size make one
            tensor column.
        mode: "RGB", "L", "RGBA", …: what images are converted to; None: as stored.
        decode: "accurate": the values that Pillow gives. "fast": a JPEG at least twice as large as ``size`` is decoded
            at a half, a quarter or an eighth of its own size and resized from there; others as before.
        **shared: See the module ``headrace.data.read_api``.

    Returns:
        A lazy dataset. A file that cannot be decoded, or has more than ``DataContext.max_image_pixels``, fails
        with its path, unless ``max_errored_blocks`` allows for it.

    Raises:
        ValueError: ``size`` is not two positive numbers, ``decode`` is no known word, or no file is left to read.
        FileNotFoundError: A path does not exist.

    >>> ray.data.read_images("photos", size=(224, 224), mode="RGB")  # doctest: +SKIP
    """
    wanted: tuple[int, int] | None = None
    if size is not None:
        if len(size) != 2:
            raise ValueError(
                f"Expected `size` to contain two integers for height and width, but got {len(size)} integers instead."
            )
        if size[0] < 1 or size[1] < 1:
            raise ValueError(f"Expected `size` to contain positive integers, but got {size} instead.")
        wanted = (int(size[0]), int(size[1]))
    if decode not in ("accurate", "fast"):
        raise ValueError(f'decode must be "accurate" or "fast", got {decode!r}')
    given = FileArguments("read_images", paths, IMAGE_EXTENSIONS, False, dict(shared))
    context = DataContext.get_current().copy()
    skip_errors = context.max_errored_blocks != 0
    plan = _core.Plan.read_images(
        given.files,
        wanted,
        mode or "",
        decode == "fast",
        skip_errors,
        context.max_image_pixels,
        given.override_num_blocks,
        given.options,
    )
    return Dataset(plan, context, needs_gpus=given.num_gpus)


def read_text(
    paths: Paths, *, encoding: str = "utf-8", drop_empty_lines: bool = True, **shared: Unpack[FileReadArguments]
) -> Dataset:
    """Lines of text files, in a column ``text``.

    Args:
        paths: Files or directories; compressed ones are decompressed by suffix.
        encoding: Encoding of the files.
        drop_empty_lines: Leave empty lines out.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_text("logs", file_extensions=["log"])  # doctest: +SKIP
    """
    given = FileArguments("read_text", paths, None, False, dict(shared))
    context = DataContext.get_current().copy()
    plan = _core.Plan.read_text(
        given.files,
        encoding,
        bool(drop_empty_lines),
        at_least_one("max_text_row_bytes", context.max_text_row_bytes),
        given.override_num_blocks,
        given.options,
    )
    return Dataset(plan, context, needs_gpus=given.num_gpus)


def read_binary_files(paths: Paths, **shared: Unpack[FileReadArguments]) -> Dataset:
    """Whole files, in a column ``bytes``.

    Args:
        paths: Files or directories.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_binary_files("models", include_paths=True)  # doctest: +SKIP
    """
    given = FileArguments("read_binary_files", paths, None, False, dict(shared))
    plan = _core.Plan.read_binary(given.files, given.override_num_blocks, given.options)
    return Dataset(plan, DataContext.get_current().copy(), needs_gpus=given.num_gpus)


def read_numpy(paths: Paths, *, allow_pickle: bool = False, **shared: Unpack[FileReadArguments]) -> Dataset:
    """Arrays of ``.npy`` files, one row per element of the first axis, in a column ``data``.

    Args:
        paths: Files or directories.
        allow_pickle: Only False: arrays of Python objects are refused, since loading them runs code of the file.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read, or ``allow_pickle`` is True.

    >>> ray.data.read_numpy("arrays")  # doctest: +SKIP
    """
    if allow_pickle:
        raise ValueError("read_numpy(allow_pickle=True) is not supported: loading pickles runs code of the file.")
    given = FileArguments("read_numpy", paths, ("npy",), False, dict(shared))
    plan = _core.Plan.read_numpy(given.files, given.override_num_blocks, given.options)
    return Dataset(plan, DataContext.get_current().copy(), needs_gpus=given.num_gpus)
