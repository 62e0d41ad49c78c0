# SPDX-License-Identifier: Apache-2.0
"""What a case is told, and how a case is found."""

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

CASES = Path(__file__).resolve().parent / "cases"
MIB = 1 << 20


@dataclass(frozen=True)
class Job:
    """One run of a case."""

    input: Path  # what prepare() made
    out: Path  # an empty folder for what the case writes; its rows are compared afterwards
    data_bytes: int  # how much decoded data the case has to put through
    tiny: bool = False  # the warm-up: the same shape over next to nothing
    notes: dict[str, float] = field(default_factory=dict)  # what a case measures by itself

    def note(self, name: str, value: float) -> None:
        self.notes[name] = value

    def files(self, pattern: str, file_bytes: int) -> list[str]:
        """The input files, again and again until they make `data_bytes`; `file_bytes` is what one holds decoded."""
        paths = sorted(str(path) for path in self.input.glob(pattern))
        count = max(4, self.data_bytes // file_bytes)
        return [paths[number % len(paths)] for number in range(count)]


def load_case(name: str) -> ModuleType:
    """The module of a case. It is not registered, so that its functions travel to workers by value."""
    spec = importlib.util.spec_from_file_location(name, CASES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def case_names() -> list[str]:
    return sorted(path.stem for path in CASES.glob("*.py"))
