# SPDX-License-Identifier: Apache-2.0
"""Dividing things evenly, in their order."""

from __future__ import annotations

import itertools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    T = TypeVar("T")


def even_cuts(count: int, parts: int) -> list[tuple[int, int]]:
    """(start, stop) of ``parts`` parts whose sizes differ by at most one; fewer parts when ``count`` is less.

    >>> from headrace.data._even_parts import even_cuts
    >>> even_cuts(5, 2)
    [(0, 2), (2, 5)]
    """
    parts = min(parts, count)
    edges = [count * index // parts for index in range(parts + 1)] if parts else []
    return list(itertools.pairwise(edges))


def even_parts(items: Sequence[T], parts: int) -> list[Sequence[T]]:
    """``items`` in ``parts`` parts, cut as ``even_cuts`` says.

    >>> from headrace.data._even_parts import even_parts
    >>> even_parts("abc", 2)
    ['a', 'bc']
    """
    return [items[start:stop] for start, stop in even_cuts(len(items), parts)]
