# SPDX-License-Identifier: Apache-2.0
"""Both engines, started once. Run with `make parity`, which has an environment with Ray Data."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # answers.py


@pytest.fixture(scope="session")
def engines() -> Iterator[tuple[ModuleType, ModuleType]]:
    import ray

    import headrace

    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    headrace.data.DataContext.get_current().enable_progress_bars = False
    yield ray, headrace
    ray.shutdown()
    headrace.shutdown()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Parquet files with nulls, strings, floats, lists and timestamps."""
    root = tmp_path_factory.mktemp("parity")
    for part in range(4):
        ids = np.arange(part * 250, part * 250 + 250)
        columns = {
            "id": ids,
            "group": [None if i % 11 == 0 else f"g{i % 5}" for i in ids],
            "amount": pa.array([None if i % 7 == 0 else i / 4 for i in ids]),
            "tags": [[int(i), int(i) + 1] for i in ids],
            "when": pa.array(ids * 1_000_000, pa.timestamp("us")),
        }
        pq.write_table(pa.table(columns), root / f"{part}.parquet")
    return str(root)
