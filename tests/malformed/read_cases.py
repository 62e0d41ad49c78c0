# SPDX-License-Identifier: Apache-2.0
"""Reads the cases of standard input, a JSON object per line, and says for each what came of it. Its own process: what
is looked for are files that end it."""

from __future__ import annotations

import faulthandler
import json
import re
import resource
import sys
from pathlib import Path
from typing import Any

import pyarrow

import headrace as ray

# Far more than any case may take: a length that became an allocation ends there, and not in the machine's memory.
ADDRESS_SPACE_BYTES = 3 << 30


def read(case: dict[str, Any]) -> dict[str, Any]:
    try:
        paths = case["paths"]
        dataset = getattr(ray.data, case["reader"])(paths[0] if len(paths) == 1 else paths, **case["options"])
        rows = 0
        for batch in dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            check(batch, case["reader"])
            rows += batch.num_rows
        return {"rows": rows}
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}


def check(batch: pyarrow.RecordBatch, reader: str) -> None:
    try:
        batch.validate(full=True)
    except pyarrow.ArrowInvalid as error:
        # Parquet readers, Arrow's too, do not look into the text of a column.
        if reader != "read_parquet" or "UTF8" not in str(error):
            raise


def memory_bytes(name: str) -> int:
    kib = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert kib is not None
    return int(kib[1]) << 10


def main() -> None:
    faulthandler.enable()
    warmed = False
    for line in sys.stdin:
        case = json.loads(line)
        if not warmed:
            ray.init(num_cpus=2, memory=512 << 20, log_to_driver=False)
            ray.data.range(10).take_all()
            limit = memory_bytes("VmSize") + ADDRESS_SPACE_BYTES
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            warmed = True
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = memory_bytes("VmRSS")
        result = read(case)
        print(json.dumps({**result, "bytes": memory_bytes("VmHWM") - before}), flush=True)


if __name__ == "__main__":
    main()
