# SPDX-License-Identifier: Apache-2.0
"""References to objects of this process: what ``put`` returns and what ``to_arrow_refs`` and the like list."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_MISSING = object()


class ObjectRef:
    """A handle to one object. Headrace runs on one machine, so it simply keeps the object alive.

    Block references load and convert their block (to a DataFrame, …) each time they are read, and keep none of it in
    memory: the block may be spilled in between.
    """

    __slots__ = ("_block", "_convert", "_value")

    def __init__(
        self, value: Any = _MISSING, *, block: Any = None, convert: Callable[[Any], Any] | None = None
    ) -> None:
        self._value = value
        self._block = block
        self._convert = convert

    def get(self) -> Any:
        """The object."""
        if self._convert is not None:
            return self._convert(self._block.load())
        return self._value

    def hex(self) -> str:
        """A name that is unique among living references."""
        return f"{id(self):032x}"

    def __repr__(self) -> str:
        return f"ObjectRef({self.hex()})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (ObjectRef, (self.get(),))


def put(value: Any) -> ObjectRef:
    """Keep ``value`` and return a reference to it.

    >>> ray.get(ray.put([1, 2]))
    [1, 2]
    """
    if isinstance(value, ObjectRef):
        raise TypeError("Calling 'put' on an ObjectRef is not allowed.")
    return ObjectRef(value)


def get(refs: ObjectRef | Sequence[ObjectRef], *, timeout: float | None = None) -> Any:
    """The object of a reference, or the list of objects of several.

    Args:
        refs: A reference or a list of them.
        timeout: Accepted; objects of this process are always there.

    Raises:
        TypeError: ``refs`` is neither a reference nor a list of references.

    >>> ray.get([ray.put(1), ray.put(2)])
    [1, 2]
    """
    if isinstance(refs, ObjectRef):
        return refs.get()
    if isinstance(refs, (list, tuple)) and all(isinstance(ref, ObjectRef) for ref in refs):
        return [ref.get() for ref in refs]
    raise TypeError(f"'get' needs an ObjectRef or a list of ObjectRefs, got {type(refs).__name__}")


def wait(
    refs: Sequence[ObjectRef], *, num_returns: int = 1, timeout: float | None = None, fetch_local: bool = True
) -> tuple[list[ObjectRef], list[ObjectRef]]:
    """The first ``num_returns`` references that are ready, and the others. All objects are ready at once.

    Raises:
        ValueError: ``num_returns`` is not between 1 and the number of references.

    >>> ready, pending = ray.wait([ray.put(1), ray.put(2)], num_returns=1)
    >>> len(ready), len(pending)
    (1, 1)
    """
    if not 1 <= num_returns <= len(refs):
        raise ValueError(f"num_returns must be between 1 and the number of refs ({len(refs)}), got {num_returns}")
    return list(refs[:num_returns]), list(refs[num_returns:])
