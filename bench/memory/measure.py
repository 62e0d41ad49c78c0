# SPDX-License-Identifier: Apache-2.0
"""Runs one case in a process tree of its own and samples what the tree holds."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MIB = 1 << 20


@dataclass(frozen=True)
class Request:
    case: str
    input: Path  # with the folders tiny/ and full/
    data_bytes: int
    ceiling: int | None = None  # None: unlimited
    store: int | None = None
    engine: str = "headrace"
    python: str = sys.executable
    package: str = str(HERE.parents[1] / "python")  # folder in which headrace is looked for first
    cpus: int = 2
    interval_us: int = 10_000
    timeout_s: float = 280.0


@dataclass
class Measurement:
    """Of one run; MiB beyond the same tree after its warm-up."""

    error: str = ""
    seconds: float = 0.0
    baseline_mib: float = 0.0  # of the warmed-up tree, in all
    peak_mib: float = 0.0
    left_mib: float = 0.0  # a second after the run
    unmapped_mib: float = 0.0  # of shared memory files, that no PSS shows; largest seen
    interval_ms: float = 0.0  # between samples: median
    worst_interval_ms: float = 0.0  # the 99th percentile
    spilled_mib: float = 0.0
    idle_cpu_seconds: float = 0.0  # used in half a second, a second after the run
    rows: int = 0
    answer: dict[str, Any] | None = None
    notes: dict[str, float] = field(default_factory=dict)
    store: dict[str, float] = field(default_factory=dict)
    peak_by_process: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def build_sampler(folder: Path) -> Path:
    binary, source = folder / "pss_sampler", HERE / "pss_sampler.cc"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        partial = binary.with_name(f"{binary.name}.{os.getpid()}")
        subprocess.run(["c++", "-O2", "-std=c++20", str(source), "-o", str(partial)], check=True)
        partial.rename(binary)
    return binary


def measure(request: Request, scratch: Path) -> Measurement:
    """Runs the case; what it wrote is compared and removed."""
    sampler = build_sampler(scratch / "bin")
    with tempfile.TemporaryDirectory(dir=scratch, prefix="run-") as folder:
        out = Path(folder) / "out"
        for name in ("tiny", "full"):
            (out / name).mkdir(parents=True)
        report, samples, log = (Path(folder) / name for name in ("report.jsonl", "samples.txt", "log.txt"))
        what = {**asdict(request), "input": str(request.input), "out": str(out), "report": str(report)}
        exit_code = _run(request, what, sampler, samples, log)
        result = _evaluate(report, samples)
        if exit_code is None:
            result.error = f"no end within {request.timeout_s:.0f} s"
        elif exit_code != 0 and not result.error:
            result.error = f"ended with {exit_code}: " + log.read_text(errors="replace")[-2000:]
        if not result.error and result.answer is None:
            done = subprocess.run(
                [sys.executable, str(HERE / "fingerprint.py"), str(out / "full")], capture_output=True, check=True
            )
            result.answer = json.loads(done.stdout)
        result.rows = (result.answer or {}).get("rows", 0)
        shutil.rmtree(out)
        return result


def _run(request: Request, what: dict[str, Any], sampler: Path, samples: Path, log: Path) -> int | None:
    """Starts driver and sampler and waits for both; the driver's exit code, None when it took too long."""
    mark = f"HEADRACE_BENCH_TREE={uuid.uuid4().hex}"
    name, value = mark.split("=")
    environment = {**os.environ, name: value, "RAY_DEDUP_LOGS": "0"}
    if request.engine == "headrace":
        environment["PYTHONPATH"] = request.package
    with open(log, "wb") as log_file, open(samples, "wb") as samples_file:
        driver = subprocess.Popen(
            [request.python, str(HERE / "driver.py"), json.dumps(what)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=subprocess.STDOUT,
        )
        watcher = subprocess.Popen(
            [str(sampler), str(driver.pid), mark, str(request.interval_us)],
            stdin=subprocess.PIPE,
            stdout=samples_file,
        )
        try:
            return driver.wait(request.timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            watcher.communicate()  # closes its input: it ends
            driver.kill()
            driver.wait()
            for pid in _marked(mark, samples):
                _kill(pid)


def _marked(mark: str, samples: Path) -> list[int]:
    """Processes of the tree that outlived the driver. A process may have overwritten its environment: the sampler's
    list counts as well, unless the number has gone to another process."""
    found = []
    for line in samples.read_bytes().decode(errors="replace").splitlines():
        if line.startswith("+ "):
            pid, _, command = line[2:].partition(" ")
            try:
                now = Path(f"/proc/{pid}/cmdline").read_bytes()[:200].replace(b"\0", b" ").decode(errors="replace")
                environment = Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                continue
            if mark.encode() in environment or (now and now.strip() == command.strip()):
                found.append(int(pid))
    return found


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _evaluate(report: Path, samples: Path) -> Measurement:
    result = Measurement()
    phases = {}
    if report.exists():
        for line in report.read_text().splitlines():
            phase = json.loads(line)
            phases[phase["phase"]] = phase
    commands, rows = _read_samples(samples)
    if "baseline" not in phases or not rows:
        return result
    result.baseline_mib = statistics.median(sum_of(row) for row in _between(rows, phases["baseline"]))
    run = phases.get("run")
    # A run that was killed has no end: what was sampled of it shows why.
    window = run or {"begin": phases["baseline"]["end"], "end": float("inf")}
    sampled = _between(rows, window)
    peak = max(sampled, key=sum_of)
    result.peak_mib = sum_of(peak) - result.baseline_mib
    result.peak_by_process = [
        {"pid": pid, "pss_mib": pss / 1024, "anon_mib": anon / 1024, "shmem_mib": shmem / 1024, "what": commands[pid]}
        for pid, (pss, anon, shmem) in sorted(peak[2].items())
    ]
    result.unmapped_mib = (
        max((row[1] - sum(process[2] for process in row[2].values()) for row in sampled if row[1] >= 0), default=0)
        / 1024
    )
    gaps = sorted(later[0] - earlier[0] for earlier, later in itertools.pairwise(sampled))
    if gaps:
        result.interval_ms = 1000 * statistics.median(gaps)
        result.worst_interval_ms = 1000 * gaps[int(0.99 * (len(gaps) - 1))]
    if run is None:
        return result
    result.seconds = run["end"] - run["begin"]
    result.error = run.get("error", "")
    result.answer = run.get("answer")
    result.notes = run.get("notes", {})
    result.spilled_mib = run.get("spilled_bytes", 0) / MIB
    if "after" in phases:
        after = phases["after"]
        result.left_mib = statistics.median(sum_of(row) for row in _between(rows, after)) - result.baseline_mib
        result.idle_cpu_seconds = after["cpu_seconds"]
        result.store = after["store"]
    return result


# One sample: seconds, KiB of open memory files or -1, and for each process (PSS, anonymous, shared memory) in KiB.
Row = tuple[float, int, dict[int, tuple[int, int, int]]]


def _read_samples(path: Path) -> tuple[dict[int, str], list[Row]]:
    commands: dict[int, str] = {}
    rows: list[Row] = []
    for line in path.read_bytes().decode(errors="replace").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "+":
            pid, _, command = rest.partition(" ")
            commands[int(pid)] = command
        elif kind == "s":
            moment, shared, *processes = rest.split()
            split = (process.split(":") for process in processes)
            held = {int(pid): (int(pss), int(anon), int(shmem)) for pid, pss, anon, shmem in split}
            rows.append((int(moment) / 1e9, int(shared), held))
    return commands, rows


def _between(rows: list[Row], phase: dict[str, Any]) -> list[Row]:
    return [row for row in rows if phase["begin"] <= row[0] <= phase["end"]]


def sum_of(row: Row) -> float:
    """MiB of a sample."""
    return sum(process[0] for process in row[2].values()) / 1024
