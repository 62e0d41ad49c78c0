# SPDX-License-Identifier: Apache-2.0
"""Files of 200 MB, one row each, changed by a function, Parquet."""

import numpy as np

ROW_BYTES = 200_000_000
CEILINGS_MIB = (2048,)  # a row is read, changed and encoded: it exists several times at once


def prepare(folder, tiny):
    for number in range(4):
        pattern = np.random.default_rng(number).integers(0, 256, 1_000, np.uint8).tobytes()
        (folder / f"{number}.bin").write_bytes(pattern * (1 if tiny else ROW_BYTES // len(pattern)))


def invert(row):
    pixels = np.frombuffer(row["bytes"], np.uint8)
    return {"bytes": np.bitwise_xor(pixels, 255).tobytes()}


def run(ray, job):
    ds = ray.data.read_binary_files(job.files("*.bin", ROW_BYTES))
    ds.map(invert).write_parquet(str(job.out))
