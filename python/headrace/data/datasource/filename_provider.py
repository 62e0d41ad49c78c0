# SPDX-License-Identifier: Apache-2.0
"""FilenameProvider: names of the files that a write makes."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FilenameProvider:
    """Names the files of a write; derive from it for names of your own.

    Args:
        dataset_uuid: Id that the names start with.
        file_format: Suffix, without dot.

    >>> from headrace.data.datasource import FilenameProvider
    >>> FilenameProvider(file_format="png").get_filename_for_task("c0ffee", 3)
    'c0ffee_000003.png'
    """

    def __init__(self, dataset_uuid: str | None = None, file_format: str | None = None) -> None:
        self.dataset_uuid = dataset_uuid
        self.file_format = file_format

    def get_filename_for_task(self, write_uuid: str, task_index: int) -> str:
        """Name for a task. It must follow from the arguments alone and differ between tasks. Further files of a task
        (``max_rows_per_file``, another partition) have "-1", "-2", … before the suffix. Writers of tables ask for it in
        the program's process when the write commits.

        Args:
            write_uuid: Id of the write.
            task_index: Position of the task in the write.
        """
        start = "" if self.dataset_uuid is None else f"{self.dataset_uuid}_"
        suffix = "" if self.file_format is None else f".{self.file_format}"
        return f"{start}{write_uuid}_{task_index:06}{suffix}"

    def get_filename_for_row(
        self, row: dict[str, Any], write_uuid: str, task_index: int, block_index: int, row_index: int
    ) -> str:
        """Name for a row, of sinks that write a file per row.

        Args:
            row: The row.
            write_uuid, task_index: See ``get_filename_for_task``.
            block_index: Position of the row's block in the task.
            row_index: Position of the row in its block.
        """
        base, suffix = os.path.splitext(self.get_filename_for_task(write_uuid, task_index))
        return f"{base}_{block_index:06}_{row_index:06}{suffix}"
