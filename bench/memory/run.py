# SPDX-License-Identifier: Apache-2.0
"""Runs pipelines under memory ceilings and checks that the ceilings hold. See bench/README.md.

.venv/bin/python bench/memory/run.py --smoke
.venv/bin/python bench/memory/run.py --ceilings 256,512 --cases images,wide_tables
.venv/bin/python bench/memory/run.py --engine ray --python /path/to/python/with/ray
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from job import MIB, case_names, load_case
from measure import Measurement, Request, measure
from table import make_table, publish

HERE = Path(__file__).resolve().parent
TOLERANCE = 1.05  # of the ceiling
DATA_PER_CEILING = 10.0
SMOKE_DATA_PER_CEILING = 2.0
SMOKE_CEILINGS_MIB = (256,)
CEILINGS_MIB = (256, 512, 2048)


def prepared(case: Any, name: str, scratch: Path) -> Path:
    """The folder of the case's input, made unless it is there."""
    shared = case.prepare.__name__  # of inputs.py: cases with the same input share it
    name = name if shared == "prepare" else shared
    done = scratch / "input" / name
    if not done.exists():
        partial = done.with_name(f"{name}.{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        for kind in ("tiny", "full"):
            (partial / kind).mkdir(parents=True)
            case.prepare(partial / kind, tiny=kind == "tiny")
        partial.rename(done)
    return done


def run_case(name: str, ceiling_mib: int, options: argparse.Namespace, known: dict[str, Any]) -> dict[str, Any]:
    case = load_case(name)
    ceiling = ceiling_mib * MIB
    share = getattr(case, "DATA_PER_CEILING", None) or (SMOKE_DATA_PER_CEILING if options.smoke else options.times)
    data_bytes = getattr(case, "DATA_BYTES", int(share * ceiling))
    store = int(case.STORE_SHARE * ceiling) if hasattr(case, "STORE_SHARE") else None
    shape = {
        "case": name,
        "input": prepared(case, name, options.scratch),
        "data_bytes": data_bytes,
        "engine": options.engine,
        "python": options.python,
        "package": str(options.package),
        "cpus": options.cpus,
        "timeout_s": options.timeout,
    }
    # A look at a tree of 2 GiB takes 30 ms of one core: the runs that are timed are hardly looked at.
    timed = {**shape, "interval_us": 500_000}
    unlimited = known.get("unlimited") or Measurement().as_dict()
    if not known and options.engine == "headrace":  # what is asked of Ray is how much it holds
        unlimited = measure(Request(**timed), options.scratch).as_dict()
    # Ray has some twenty processes: looked at every 10 ms they would hardly get on.
    interval_us = 10_000 if options.engine == "headrace" else 100_000
    closely = Request(**shape, ceiling=ceiling, store=store, interval_us=interval_us)
    limited = measure(closely, options.scratch).as_dict()
    seconds = [limited["seconds"]]
    if options.repeats and not limited["error"]:
        runs = [
            measure(Request(**timed, ceiling=ceiling, store=store), options.scratch) for _ in range(options.repeats)
        ]
        limited["error"] = next((run.error for run in runs if run.error), "")
        limited["peak_mib"] = max(limited["peak_mib"], *(run.peak_mib for run in runs))
        seconds = sorted(run.seconds for run in runs)
    limited["sampled_seconds"], limited["seconds"] = limited["seconds"], seconds[len(seconds) // 2]
    row = {
        "case": name,
        "what": (case.__doc__ or "").splitlines()[0].rstrip("."),
        "engine": options.engine,
        "ceiling_mib": ceiling_mib,
        "data_mib": data_bytes / MIB,
        "ratio": limited["peak_mib"] / ceiling_mib,
        "same_result": not limited["error"] and limited["answer"] == unlimited["answer"],
        # A run that was looked at every 10 ms is not compared: the looking slows it.
        "speed": unlimited["seconds"] / limited["seconds"] if options.repeats and limited["seconds"] else 0.0,
        "limited": limited,
        "unlimited": unlimited,
    }
    row["holds"] = not limited["error"] and row["ratio"] <= TOLERANCE
    return row


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    git = ["git", "-C", str(HERE), "describe", "--always", "--dirty"]
    return {
        "cpu": model or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
        "commit": subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default="", help="names, separated by commas; default: all")
    parser.add_argument("--ceilings", default="", help="MiB, separated by commas; default: 256,512,2048")
    parser.add_argument("--times", type=float, default=DATA_PER_CEILING, help="decoded data per ceiling; default: 10")
    parser.add_argument("--repeats", type=int, default=1, help="timed runs beside the sampled one, median; 0: no speed")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--engine", choices=("headrace", "ray"), default="headrace")
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the engine")
    parser.add_argument("--package", type=Path, default=HERE.parents[1] / "python", help="where headrace is")
    parser.add_argument("--timeout", type=float, default=280, help="seconds for one run")
    parser.add_argument("--smoke", action="store_true", help="256 MiB and twice that much data")
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "headrace-bench-memory")
    parser.add_argument("--json", type=Path, help="results; rows of an earlier run in it stay unless measured again")
    parser.add_argument("--known-unlimited", type=Path, help="results whose unlimited runs count for this one as well")
    parser.add_argument("--publish", type=Path, help="page with the two marks between which the table goes")
    parser.add_argument("--only-table", action="store_true", help="measure nothing, show what --json has")
    options = parser.parse_args()
    names = list(filter(None, options.cases.split(","))) or case_names()
    if unknown := set(names) - set(case_names()):
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(case_names())}")
    default = SMOKE_CEILINGS_MIB if options.smoke else CEILINGS_MIB
    ceilings = [int(text) for text in options.ceilings.split(",") if text] or default
    if options.only_table:
        ceilings = []
    options.scratch.mkdir(parents=True, exist_ok=True)
    # Ended from outside, the tree under way is still taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def key(row: dict[str, Any]) -> tuple[str, str, int, float]:
        return row["engine"], row["case"], row["ceiling_mib"], row["data_mib"]

    def load(path: Path | None) -> dict[Any, dict[str, Any]]:
        if path is None or not path.exists():
            return {}
        return {key(row): row for row in json.loads(path.read_text())["rows"]}

    kept, known = load(options.json), load(options.known_unlimited)
    unlimited = {(k[0], k[1], k[3]): row for k, row in known.items() if not row["unlimited"]["error"]}
    failed = False
    for ceiling in ceilings:
        for name in names:
            case = load_case(name)
            if ceiling not in getattr(case, "CEILINGS_MIB", CEILINGS_MIB) and not options.cases:
                continue
            share = getattr(case, "DATA_PER_CEILING", None) or (
                SMOKE_DATA_PER_CEILING if options.smoke else options.times
            )
            data_mib = getattr(case, "DATA_BYTES", int(share * ceiling * MIB)) / MIB
            row = run_case(name, ceiling, options, unlimited.get((options.engine, name, data_mib), {}))
            failed |= not (row["holds"] and row["same_result"])
            kept[key(row)] = row
            print(_line(row), file=sys.stderr, flush=True)
            if options.json:
                options.json.parent.mkdir(parents=True, exist_ok=True)
                results = {"machine": machine(), "rows": list(kept.values())}
                options.json.write_text(json.dumps(results, indent=1) + "\n")
    table = make_table(list(kept.values()), machine())
    print(table)
    if options.publish:
        publish(options.publish, table)
    return 1 if failed else 0


def _line(row: dict[str, Any]) -> str:
    limited, unlimited = row["limited"], row["unlimited"]
    if limited["error"]:
        return f"{row['case']} {row['ceiling_mib']}: FAILED {limited['error'][-1500:]}"
    return (
        f"{row['case']} {row['ceiling_mib']}: peak {limited['peak_mib']:.0f} MiB ({row['ratio']:.0%}), left "
        f"{limited['left_mib']:.0f}, unmapped {limited['unmapped_mib']:.0f}, spilled {limited['spilled_mib']:.0f}, "
        f"{limited['seconds']:.1f} s, speed {row['speed']:.0%}, same result: {row['same_result']}, every "
        f"{limited['interval_ms']:.0f} ms (p99 {limited['worst_interval_ms']:.0f}); unlimited peak "
        f"{unlimited['peak_mib']:.0f} MiB in {unlimited['seconds']:.1f} s {unlimited['error'][-300:]}"
    )


if __name__ == "__main__":
    sys.exit(main())
