# SPDX-License-Identifier: Apache-2.0
"""A small ETL job: CSV orders -> typed, filtered, enriched -> Parquet, partly with expressions and partly in Python.

    python examples/etl.py --rows 100000
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

import headrace as ray
from headrace.data.expressions import col


def write_orders(folder: Path, rows: int, files: int = 4) -> None:
    """CSV files with columns order_id, country, quantity, price; the content depends on `rows` alone."""
    countries = ["BR", "DE", "FR", "IN", "JP", "KE", "US"]
    dice = np.random.default_rng(7)
    for part, numbers in enumerate(np.array_split(np.arange(rows), files)):
        with open(folder / f"orders_{part}.csv", "w", encoding="utf-8") as out:
            out.write("order_id,country,quantity,price\n")
            quantities, cents = dice.integers(1, 20, len(numbers)), dice.integers(100, 9000, len(numbers))
            for number, quantity, price in zip(numbers, quantities, cents, strict=True):
                out.write(f"{number},{countries[number % len(countries)]},{quantity},{price / 100:.2f}\n")


def add_discount(batch: dict) -> dict:
    """A rule that is easier to write in Python: large orders get 10 % off, rounded to cents."""
    factor = np.where(batch["amount"] >= 500, 0.9, 1.0)
    return {**batch, "payable": np.round(batch["amount"] * factor, 2)}


def run(source: Path, out: Path) -> None:
    (
        ray.data.read_csv(str(source))
        .filter(expr=(col("country") != "US") & (col("quantity") > 1))
        .with_column("amount", col("quantity") * col("price"))
        .map_batches(add_discount)
        .select_columns(["order_id", "country", "amount", "payable"])
        .write_parquet(str(out))
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--out", type=Path, help="folder of the Parquet files; a temporary one when not given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source, out = Path(scratch) / "orders", options.out or Path(scratch) / "out"
        source.mkdir()
        write_orders(source, options.rows)
        if options.out:
            shutil.rmtree(out, ignore_errors=True)
        run(source, out)
        result = ray.data.read_parquet(str(out))
        print(result.schema())
        for row in result.take(3):
            print(row)
        print(f"{result.count()} of {options.rows} orders, payable {result.sum('payable'):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
