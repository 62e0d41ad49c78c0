# SPDX-License-Identifier: Apache-2.0
"""The measured program: warms up, runs one case and writes what it found. Started by measure.py, told what to do by one
JSON argument; appends one JSON object per phase to the report file. Times are those of the monotonic clock."""

import gc
import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from job import Job, load_case

SETTLE_S = 1.0  # until idle threads have given back what they give back
BASELINE_S = 0.5  # sampled after that


class Report:
    def __init__(self, path: str) -> None:
        self._file = open(path, "a", buffering=1)  # noqa: SIM115  (closed by the end of the process)

    def phase(self, name: str, begin: float, **more: Any) -> None:
        self._file.write(json.dumps({"phase": name, "begin": begin, "end": time.monotonic(), **more}) + "\n")


def start(engine: str, cpus: int, ceiling: int | None, store: int | None) -> Any:
    ray = importlib.import_module(engine)
    limits: dict[str, Any] = {}
    if engine == "headrace":
        limits = {"memory": ceiling, "object_store_memory": store}
    elif ceiling is not None:
        smallest = 78 << 20  # Ray refuses less
        limits = {"object_store_memory": max(store or ceiling, smallest)}
    limits = {name: value for name, value in limits.items() if value is not None}
    ray.init(num_cpus=cpus, include_dashboard=False, logging_level="error", **limits)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    return ray


def hold_still(batch: Any) -> Any:
    time.sleep(0.3)
    return batch


def warm_up(ray: Any, case: Any, job: Job, cpus: int) -> None:
    """The case over next to nothing, and as many workers at once as there are slots."""
    case.run(ray, job)
    ray.data.range(4 * cpus, override_num_blocks=2 * cpus).map_batches(hold_still).take_all()


def spilled_bytes(ray: Any, engine: str) -> float:
    """Of headrace; 0 for an engine that does not tell."""
    stats = ray.object_store_stats() if engine == "headrace" else {"spilled_bytes": 0.0}
    return stats.get("spilled_bytes_total", stats["spilled_bytes"])


def cpu_seconds_of_tree() -> float:
    """User and system time of this process and its descendants that live."""
    times, children = {}, {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
        times[int(entry.name)] = int(fields[11]) + int(fields[12])
    found, left = 0, [os.getpid()]
    while left:
        pid = left.pop()
        found += times.get(pid, 0)
        left += children.get(pid, [])
    return found / os.sysconf("SC_CLK_TCK")


def main() -> None:
    what = json.loads(sys.argv[1])
    report = Report(what["report"])
    case = load_case(what["case"])
    ray = start(what["engine"], what["cpus"], what["ceiling"], what["store"])
    folder = Path(what["input"])
    warm_up(ray, case, Job(folder / "tiny", Path(what["out"]) / "tiny", 0, tiny=True), what["cpus"])
    gc.collect()
    time.sleep(SETTLE_S)
    begin = time.monotonic()
    time.sleep(BASELINE_S)
    report.phase("baseline", begin)

    job = Job(folder / "full", Path(what["out"]) / "full", what["data_bytes"])
    begin = time.monotonic()
    try:
        answer = case.run(ray, job)
    except BaseException:
        report.phase("run", begin, error=traceback.format_exc()[-4000:])
        raise
    report.phase("run", begin, answer=answer, notes=job.notes, spilled_bytes=spilled_bytes(ray, what["engine"]))
    gc.collect()
    time.sleep(SETTLE_S)
    begin, used = time.monotonic(), cpu_seconds_of_tree()
    time.sleep(BASELINE_S)
    stats = ray.object_store_stats() if what["engine"] == "headrace" else {}
    report.phase("after", begin, cpu_seconds=cpu_seconds_of_tree() - used, store=stats)
    ray.shutdown()


if __name__ == "__main__":
    main()
