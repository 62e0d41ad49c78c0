# SPDX-License-Identifier: Apache-2.0
"""A part of bench/memory: pipelines over several times the ceiling stay below it, and give the rows that they give
without one. Measured, as PSS of the whole tree of processes beyond the same tree when it idles."""

import sys
from pathlib import Path

import pytest

import headrace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench/memory"))

from job import MIB, load_case
from measure import Request, measure
from run import TOLERANCE, prepared

CEILING = 256 * MIB
PACKAGE = str(Path(headrace.__file__).resolve().parents[1])
DATA_PER_CEILING = 1.5


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("memory")


def described(run):
    """What an assertion shows: who held how much at the peak."""
    held = [
        f"{process['pss_mib']:.0f} MiB ({process['anon_mib']:.0f} private, {process['shmem_mib']:.0f} shared) "
        f"{process['what'][-60:]}"
        for process in run.peak_by_process
    ]
    return f"peak {run.peak_mib:.0f} MiB beyond {run.baseline_mib:.0f} MiB: " + "; ".join(held)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["parquet_map_write", "images", "wide_tables", "materialize", "sort", "random_shuffle", "groupby", "join"]
)
def test_a_ceiling_holds_and_changes_no_row(scratch, name):
    case = load_case(name)
    data_bytes = int(getattr(case, "DATA_PER_CEILING", DATA_PER_CEILING) * CEILING)
    store = int(case.STORE_SHARE * CEILING) if hasattr(case, "STORE_SHARE") else None
    request = Request(
        name, prepared(case, name, scratch), data_bytes, ceiling=CEILING, store=store, package=PACKAGE, timeout_s=100
    )
    limited = measure(request, scratch)
    assert limited.error == ""
    assert limited.peak_mib * MIB <= CEILING * TOLERANCE, described(limited)
    # Memory that nobody has mapped is in no PSS.
    assert (limited.peak_mib + limited.unmapped_mib) * MIB <= CEILING * TOLERANCE, described(limited)

    whole = Request(name, request.input, data_bytes, package=PACKAGE, interval_us=500_000, timeout_s=100)
    unlimited = measure(whole, scratch)
    assert unlimited.error == ""
    assert limited.rows > 0
    assert limited.answer == unlimited.answer
