# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks: a table on the terminal and in bench/results/latest.json. See bench/README.md."""

import argparse
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    # Under its own name, so that its functions travel to workers by value.
    spec.loader.exec_module(module)
    return module


def run_once(path: Path, folder: Path) -> dict:
    """Inside the child process: one timed run."""
    import headrace as ray

    job = load(path)
    ray.data.DataContext.get_current().enable_progress_bars = False
    ray.data.range(10).map_batches(lambda batch: batch).take_all()
    started = time.perf_counter()
    answer = job.run(ray, folder)
    seconds = time.perf_counter() - started
    job.check(answer)
    usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {"seconds": seconds, "peak_driver_kib": usage[0], "peak_largest_worker_kib": usage[1]}


def measure(path: Path, repeats: int, folder: Path) -> dict:
    job = load(path)
    folder.mkdir()
    job.prepare(folder)
    runs = []
    for _ in range(repeats):
        command = [sys.executable, __file__, "--child", str(path), "--folder", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{path.stem} failed:\n{done.stderr}")
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    seconds = sorted(run["seconds"] for run in runs)
    median = statistics.median(seconds)
    return {
        "name": path.stem,
        "what": job.__doc__.splitlines()[0].rstrip("."),
        "unit": job.UNIT,
        "amount": job.AMOUNT,
        "seconds": seconds,
        "median_s": median,
        "per_second": job.AMOUNT / median,
        "peak_driver_mib": max(run["peak_driver_kib"] for run in runs) / 1024,
    }


def machine() -> dict:
    cpu_lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in cpu_lines if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    git = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False)
    return {
        "cpu": model or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30),
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
    }


def table(results: dict) -> str:
    at = results["machine"]
    lines = [
        f"{at['cpu']}, {at['cores']} cores, {at['memory_gib']} GiB; commit {at['commit'] or 'none'}; median of "
        f"{results['repeats']} runs, spread = (largest - smallest) / median.",
        "",
        "| Job | What | Seconds | Spread | Rate |",
        "|---|---|---:|---:|---:|",
    ]
    for row in results["jobs"]:
        spread = (row["seconds"][-1] - row["seconds"][0]) / row["median_s"]
        rate = f"{row['per_second']:,.0f} {row['unit']}/s"
        lines.append(f"| {row['name']} | {row['what']} | {row['median_s']:.3f} | {spread:.0%} | {rate} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names of jobs, separated by commas")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(run_once(options.child, options.folder)))
        return 0

    wanted = set(filter(None, options.only.split(",")))
    paths = sorted(path for folder in ("micro", "pipelines") for path in (HERE / folder).glob("*.py"))
    if unknown := wanted - {path.stem for path in paths}:
        parser.error(f"no such job: {', '.join(sorted(unknown))}")
    results = {"machine": machine(), "repeats": options.repeats, "jobs": []}
    with tempfile.TemporaryDirectory() as scratch:
        for path in paths:
            if not wanted or path.stem in wanted:
                print(f"{path.stem} ...", file=sys.stderr, flush=True)
                results["jobs"].append(measure(path, options.repeats, Path(scratch) / path.stem))
    print(table(results))
    if not wanted:  # a part of the jobs is an experiment, not a record
        (HERE / "results").mkdir(exist_ok=True)
        (HERE / "results/latest.json").write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
