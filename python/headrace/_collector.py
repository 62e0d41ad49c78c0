# SPDX-License-Identifier: Apache-2.0
"""Python's garbage collector, kept out of the way of imports."""

import gc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CollectorPaused:
    """No garbage is collected within. What an import makes stays, so that the collector walks over more and more
    objects and frees none: a third of the time that importing pandas takes."""

    def __enter__(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: "Any") -> None:
        if self._was_enabled:
            gc.enable()
