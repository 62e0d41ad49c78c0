# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent


def test_every_sample_is_run_by_a_test():
    samples = {path.stem for path in (HERE / "samples").glob("*.py")}
    tests = "".join(path.read_text() for path in HERE.glob("test_*.py"))
    named = set(re.findall(r'"([a-z_]+_\d\d)"', tests))
    assert len(samples) == 75
    assert samples - named == set()
    assert named - samples == set()
