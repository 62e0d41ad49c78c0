# SPDX-License-Identifier: Apache-2.0
"""What users' functions do to samples of WebDataset archives: choose and rename files, decode, encode.

Without such functions all of it happens in the engine.
"""

from __future__ import annotations

import fnmatch
import io
import json
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Sample = dict[str, Any]
    # None: everything; patterns of names; or a function that is asked for each name.
    Choice = list[str] | Callable[[str], bool] | None


def patterns_of(name: str, choice: Any) -> list[str] | None:
    """``choice`` as a list of patterns; None if there is none.

    Raises:
        TypeError: It is something else.
    """
    if choice is None:
        return None
    if isinstance(choice, str):
        return [choice]
    if not isinstance(choice, (list, tuple)) or not all(isinstance(pattern, str) for pattern in choice):
        raise TypeError(f"{name} must be a list of patterns or a function, got {choice!r}")
    return list(choice)


def steps_of(name: str, given: Any) -> list[Any]:
    """``given`` as a list of functions and formats (True, "PIL").

    Raises:
        TypeError: A step is something else.
    """
    steps = [] if given is None or given is False else list(given) if isinstance(given, (list, tuple)) else [given]
    for step in steps:
        if not callable(step) and step is not True and not isinstance(step, str):
            raise TypeError(f"{name} must be True, None, a function, or a list of them, got {step!r}")
    return steps


@dataclass(frozen=True)
class SampleSteps:
    """A row of raw files to no row, a sample, or several when renaming gives their files different keys."""

    filerename: list[Callable[[str], str]]
    fileselect: Choice
    suffixes: Choice
    decoders: list[Any]
    expand_json: bool

    def __call__(self, row: Sample) -> list[Sample]:
        return [self._decoded(sample) for sample in self._chosen(row)]

    def _chosen(self, row: Sample) -> list[Sample]:
        if not self.filerename and self.fileselect is None and self.suffixes is None:
            return [{name: value for name, value in row.items() if value is not None}]
        samples: dict[str, Sample] = {}
        for suffix, content in row.items():
            if suffix.startswith("__") or content is None:
                continue
            name = f"{row['__key__']}.{suffix}"
            for rename in self.filerename:
                name = rename(name)
            base, dot, new_suffix = name[name.rfind("/") + 1 :].partition(".")
            if not dot or not base or not _is_chosen(name, self.fileselect):
                continue
            key = name[: len(name) - len(new_suffix) - 1]
            sample = samples.setdefault(key, {"__key__": key})
            if _is_chosen(new_suffix, self.suffixes):
                sample[new_suffix] = content
        for sample in samples.values():
            sample["__url__"] = row["__url__"]
        return list(samples.values())

    def _decoded(self, sample: Sample) -> Sample:
        for decode in self.decoders:
            sample = decode(sample) if callable(decode) else default_decode(sample, decode)
        if self.expand_json and "json" in sample:
            value = sample["json"]
            parsed = json.loads(value) if isinstance(value, (bytes, str)) else value
            sample = {**parsed, **sample}
        return sample


@dataclass(frozen=True)
class EncodeSteps:
    """A row to a sample of bytes and text, and values that the engine encodes."""

    encoders: list[Callable[[Sample], Sample]]

    def __call__(self, row: Sample) -> Sample:
        sample = {name: value for name, value in row.items() if value is not None}
        for encode in self.encoders:
            sample = encode(sample)
        return sample


def default_decode(sample: Sample, form: Any = True) -> Sample:
    """``sample`` with values by the last part of each suffix, as the engine decodes them.

    Args:
        form: "PIL": images are ``PIL.Image`` objects; else arrays.
    """
    decoded = dict(sample)
    for name, value in sample.items():
        extension = name.rpartition(".")[2]
        if name.startswith("__") or not isinstance(value, bytes):
            continue
        if extension in ("txt", "text"):
            decoded[name] = value.decode("utf-8")
        elif extension in ("cls", "cls2"):
            decoded[name] = int(value)
        elif extension in ("jpg", "png", "ppm", "pgm", "pbm", "pnm"):
            decoded[name] = _image(value, form)
        elif extension == "json":
            decoded[name] = json.loads(value)
        elif extension == "npy":
            import numpy as np

            decoded[name] = np.load(io.BytesIO(value), allow_pickle=False)
    return decoded


def _image(content: bytes, form: Any) -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError('Decoding images in Python needs Pillow: pip install "headrace[images]"') from error
    image = Image.open(io.BytesIO(content))
    if form == "PIL":
        return image
    import numpy as np

    return np.asarray(image)


def _is_chosen(name: str, choice: Choice) -> bool:
    if choice is None:
        return True
    if callable(choice):
        return bool(choice(name))
    return any(
        fnmatch.fnmatchcase(f".{name}", pattern) if "*" in pattern or "?" in pattern else pattern in (name, f".{name}")
        for pattern in choice
    )
