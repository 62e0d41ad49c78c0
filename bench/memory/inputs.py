# SPDX-License-Identifier: Apache-2.0
"""Input files that several cases share. Each function fills an empty folder; the same call makes the same bytes."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Rows of 40 bytes: three numbers, a string of 12 and its offset.
FILE_BYTES = 32 << 20
ROW_BYTES = 40
TINY_ROWS = 2_000


def number_table(seed: int, rows: int) -> pa.Table:
    """id, dice (0 to 9,999), price, tag (one of 50)."""
    dice = np.random.default_rng(seed)
    tags = pa.array([f"tag-{number:08d}" for number in range(50)])
    return pa.table(
        {
            "id": np.arange(seed * rows, (seed + 1) * rows, dtype=np.int64),
            "dice": dice.integers(0, 10_000, rows),
            "price": dice.random(rows),
            "tag": tags.take(pa.array(dice.integers(0, len(tags), rows))),
        }
    )


def number_files(folder: Path, tiny: bool) -> None:
    """Eight Parquet files of one row group; `FILE_BYTES` each when decoded."""
    for number in range(8):
        table = number_table(number, TINY_ROWS if tiny else FILE_BYTES // ROW_BYTES)
        pq.write_table(table, folder / f"{number}.parquet")


def photo_files(folder: Path, tiny: bool, decoded_to_encoded: float = 50) -> None:
    """JPEG files of photographs, each at the best quality at which its pixels are that many times its size."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))
    from PIL import Image

    from photos import photographs

    for number, (name, picture) in enumerate(photographs()):
        long_side = 64 if tiny else 2_800 + 100 * (number % 5)
        scale = long_side / max(picture.size)
        width, height = (round(side * scale) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
        path = folder / f"{name}.jpg"
        for quality in range(90, 0, -5):
            picture.save(path, quality=quality)
            if tiny or path.stat().st_size * decoded_to_encoded <= 3 * width * height:
                break


PHOTO_BYTES = 3 * 3_000 * 2_000  # of pixels; about what one of photo_files() has on average
