# SPDX-License-Identifier: Apache-2.0
"""The sink of write_images."""

from __future__ import annotations

import os

from headrace.data._optional import require
from headrace.data.datasource.file_datasink import RowBasedFileDatasink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pyarrow


class ImageDatasink(RowBasedFileDatasink):
    """A file per row, made by Pillow. See Dataset.write_images."""

    def __init__(self, path: str | os.PathLike[str], column: str, file_format: str, **given: Any) -> None:
        require("PIL", "images")
        super().__init__(path, file_format=file_format, **given)
        self._column = column

    def write_row_to_file(self, row: dict[str, Any], file: pyarrow.NativeFile) -> None:
        """Encodes the image and writes it."""
        import io

        from PIL import Image

        if self._column not in row:
            raise KeyError(f"write_images: no column {self._column!r}; there are {', '.join(row)}")
        encoded = io.BytesIO()  # encoders go back and forth in their file
        Image.fromarray(row[self._column]).save(encoded, format=self.file_format)
        file.write(encoded.getvalue())
