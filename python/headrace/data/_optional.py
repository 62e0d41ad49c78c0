# SPDX-License-Identifier: Apache-2.0
"""Libraries that only some readers and writers need."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def require(module: str, extra: str) -> Any:
    """Imports ``module``.

    Raises:
        ImportError: It is not installed; says how to get it.

    >>> from headrace.data._optional import require
    >>> require("no_such_format", "avro")
    Traceback (most recent call last):
    ImportError: This needs the package no_such_format: pip install "headrace[avro]"
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f'This needs the package {package}: pip install "headrace[{extra}]"') from error
