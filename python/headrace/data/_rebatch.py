# SPDX-License-Identifier: Apache-2.0
"""Batches of a stream of blocks, for streams that are no execution of the engine."""

from __future__ import annotations

from headrace import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy


def rebatch(
    blocks: Iterator[_core.Block], batch_size: int, drop_last: bool, shuffle_rows: int, seed: int | None
) -> Iterator[_core.Block]:
    """Batches of ``batch_size`` rows across blocks (0: the blocks), the last one shorter unless ``drop_last``.

    Args:
        blocks: The stream.
        batch_size, drop_last: See above.
        shuffle_rows: Rows of a buffer from which batches are drawn at random; 0: rows keep their order.
        seed: Of the draw.
    """
    if batch_size == 0:
        yield from (block for block in blocks if block.num_rows)
        return
    rng = None
    if shuffle_rows:
        import numpy

        rng = numpy.random.default_rng(seed)
    held: list[_core.Block] = []
    rows = 0
    for block in blocks:
        if block.num_rows == 0:
            continue
        held.append(block)
        rows += block.num_rows
        if rows < max(batch_size, 2 * shuffle_rows):
            continue
        whole = _joined(held, rng)
        first = 0
        while rows - first >= batch_size + shuffle_rows:
            yield whole.slice(first, batch_size)
            first += batch_size
        held, rows = [whole.slice(first, rows - first)], rows - first
    if rows:
        whole = _joined(held, rng)
        for first in range(0, rows, batch_size):
            if rows - first >= batch_size or not drop_last:
                yield whole.slice(first, min(batch_size, rows - first))


def _joined(blocks: list[_core.Block], rng: numpy.random.Generator | None) -> _core.Block:
    """All rows of ``blocks``, in a random order if there is an ``rng``."""
    whole = blocks[0] if len(blocks) == 1 else _core.concat_blocks(blocks)
    if rng is None:
        return whole
    import pyarrow

    return _core.Block.from_arrow(pyarrow.table(whole).take(rng.permutation(whole.num_rows)))
