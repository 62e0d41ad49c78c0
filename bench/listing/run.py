# SPDX-License-Identifier: Apache-2.0
"""Reads 100,000 files of one line, local and on an S3 server on loopback. See bench/README.md."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def read(path: str, rows: int) -> dict[str, float]:
    """Inside the child process: reads ``rows`` rows of ``path``, one file each."""
    import headrace as ray

    ray.data.DataContext.get_current().enable_progress_bars = False
    ray.data.range(10).take_all()
    before = resident_mib()
    begin = time.perf_counter()
    ds = ray.data.read_text(path)
    called = time.perf_counter()
    batches = iter(ds.iter_batches(batch_size=8))
    seen = len(next(batches)["text"])
    first = time.perf_counter()
    most = resident_mib()
    while seen < rows:
        seen += len(next(batches)["text"])
        if seen % 1000 < 8:
            most = max(most, resident_mib())
    return {
        "call_s": called - begin,
        "first_batch_s": first - begin,
        "rows": seen,
        "all_s": time.perf_counter() - begin,
        "driver_grew_mib": most - before,
    }


def run_child(path: str, rows: int, environment: dict[str, str]) -> None:
    command = [sys.executable, __file__, "--child", path, "--rows", str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    figures = json.loads(done.stdout.splitlines()[-1])
    print(path, *(f"{name}={value:.2f}" for name, value in figures.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--remote-rows", type=int, default=5_000, help="files that are read of those on S3")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child")
    parser.add_argument("--rows", type=int)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(read(given.child, given.rows)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.files):
            Path(folder, f"{number:06d}").write_text(f"{number}\n")
        for _ in range(given.repeats):
            run_child(folder, given.files, {})
    server = subprocess.Popen([sys.executable, HERE / "object_server.py", str(given.files)], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{int(server.stdout.readline())}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        for _ in range(given.repeats):
            run_child("s3://bucket/many", min(given.remote_rows, given.files), environment)
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
