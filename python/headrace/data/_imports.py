# SPDX-License-Identifier: Apache-2.0
"""Which large libraries a user's function is going to import, so that they are loaded once for all workers."""

from __future__ import annotations

import functools
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Take a tenth of a second or more to import, start no thread and touch no device while they are imported, and so can be
# shared by forked workers.
SHAREABLE = frozenset(
    {"pandas", "PIL", "pyarrow", "scipy", "skimage", "sklearn", "torch", "torchvision", "transformers"}
)

# A function of the user is small; what it reaches in its own module is bounded.
_MAX_CODES = 200


def shareable_imports(fn: Any) -> list[str]:
    """Names of SHAREABLE modules that the code of ``fn`` imports or refers to.

    Follows functions and classes of the same module, without running anything. A name of the form ``module:attribute``
    is one that a library loads lazily (``from transformers import AutoModel``).
    """
    modules: set[str] = set()
    attributes: set[str] = set()
    for code, scope in _codes(fn):
        for name in code.co_names:
            _note(name, scope.get(name), modules)
            if name[:1].isupper():
                attributes.add(name)
    lazy = sorted(f"transformers:{name}" for name in attributes) if "transformers" in modules else []
    return sorted(modules) + lazy


def _note(name: str, value: Any, modules: set[str]) -> None:
    """Adds the library that ``name`` stands for: a module to import, or ``value`` out of one that is imported."""
    if isinstance(value, types.ModuleType):
        name = value.__name__
    elif value is not None:
        name = getattr(value, "__module__", None) or ""
    if name.partition(".")[0] in SHAREABLE:
        modules.add(name.partition(".")[0])


def _codes(fn: Any) -> Iterator[tuple[types.CodeType, dict[str, Any]]]:
    """Code objects that ``fn`` consists of or calls in its own module, with the globals that they see."""
    waiting = [fn]
    seen: set[int] = set()
    while waiting and len(seen) < _MAX_CODES:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, (staticmethod, classmethod, types.MethodType)):
            waiting.append(item.__func__)
        elif isinstance(item, functools.partial):
            waiting.append(item.func)
        elif isinstance(item, type):
            waiting.extend(vars(item).values())
        elif isinstance(item, types.FunctionType):
            codes = [item.__code__]
            while codes:
                code = codes.pop()
                codes.extend(const for const in code.co_consts if isinstance(const, types.CodeType))
                yield code, item.__globals__
                named = (item.__globals__.get(name) for name in code.co_names)
                waiting.extend(other for other in named if getattr(other, "__module__", None) == item.__module__)
