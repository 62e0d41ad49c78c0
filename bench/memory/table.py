# SPDX-License-Identifier: Apache-2.0
"""The results as Markdown: one line per case and ceiling, headrace and Ray Data side by side."""

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- memory:begin -->", "<!-- memory:end -->"


def make_table(rows: list[dict[str, Any]], at: dict[str, Any]) -> str:
    with_ray = any(row["engine"] == "ray" for row in rows)
    head = ["Case", "Ceiling MiB", "Data MiB", "Peak MiB", "of ceiling", "Spilled MiB", "Seconds", "Rate", "Speed"]
    head += ["Same result"]
    head += ["Ray Data: peak MiB", "of ceiling", "seconds"] if with_ray else []
    lines = [
        f"{at['cpu']}, {at['cores']} cores, {at['memory_gib']} GiB. Peak: largest sum of the processes' PSS, sampled "
        "every 10 ms (Ray Data's some twenty: 100 ms), less that of the warmed-up tree. Rate: rows that came out, per "
        "second. Speed: of the unlimited run.",
        "",
        "| " + " | ".join(head) + " |",
        "|---|" + "---:|" * (len(head) - 1),
    ]
    by_key: dict[tuple[str, int, float], dict[str, dict[str, Any]]] = {}
    for row in rows:
        by_key.setdefault((row["case"], row["ceiling_mib"], row["data_mib"]), {})[row["engine"]] = row
    for (case, ceiling, data), engines in sorted(by_key.items()):
        cells = [case, str(ceiling), f"{data:,.0f}", *_cells(engines.get("headrace"))]
        cells += _ray_cells(engines.get("ray")) if with_ray else []
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cells(row: dict[str, Any] | None) -> list[str]:
    if row is None:
        return [""] * 7
    run = row["limited"]
    if run["error"]:
        return [f"{run['peak_mib']:,.0f}", f"{row['ratio']:.0%}", "", "failed", "", "", "no"]
    rate = f"{run['rows'] / run['seconds']:,.0f}/s"
    same = "yes" if row["same_result"] else "no"
    peak, spilled = f"{run['peak_mib']:,.0f}", f"{run['spilled_mib']:,.0f}"
    return [
        peak,
        f"{row['ratio']:.0%}",
        spilled,
        f"{run['seconds']:.1f}",
        rate,
        f"{row['speed']:.0%}" if row["speed"] else "",
        same,
    ]


def _ray_cells(row: dict[str, Any] | None) -> list[str]:
    if row is None:
        return [""] * 3
    run = row["limited"]
    return [
        f"{run['peak_mib']:,.0f}",
        f"{row['ratio']:.0%}",
        "failed" if run["error"] else f"{run['seconds']:.1f}",
    ]


def publish(page: Path, table: str) -> None:
    """Puts the table between the two marks of the page."""
    text = page.read_text()
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{page} has no {BEGIN} … {END}")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
