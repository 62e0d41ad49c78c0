# SPDX-License-Identifier: Apache-2.0
"""The same program in headrace and in Ray Data gives the same rows, up to their order."""

import importlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from answers import comparable, in_order
from PIL import Image


def read(ray, folder):
    return ray.data.read_parquet(folder)


def expressions(ray):
    module = importlib.import_module(f"{ray.__name__}.data.expressions")
    return module.col, module.lit


def filtered_by_expression(ray, folder):
    col, lit = expressions(ray)
    return read(ray, folder).filter(expr=(col("amount") > lit(20)) & (col("group") == lit("g1")))


def new_column_by_expression(ray, folder):
    col, lit = expressions(ray)
    return read(ray, folder).with_column("twice", col("amount") * lit(2)).select_columns(["id", "twice"])


def batches_of_numpy(ray, folder):
    return read(ray, folder).map_batches(lambda b: {"id": b["id"], "half": b["id"] / 2}, batch_size=100)


def batches_of_pandas(ray, folder):
    def label(frame):
        frame["label"] = frame["group"].fillna("none")
        return frame[["id", "label"]]

    return read(ray, folder).map_batches(label, batch_format="pandas")


def rows_by_function(ray, folder):
    ds = read(ray, folder).filter(lambda row: row["id"] % 3 == 0)
    return ds.map(lambda row: {"id": row["id"], "first": row["tags"][0], "group": row["group"]})


def flat_rows(ray, folder):
    return read(ray, folder).flat_map(lambda row: [{"id": row["id"], "tag": tag} for tag in row["tags"]])


def renamed_and_dropped(ray, folder):
    return read(ray, folder).drop_columns(["tags", "when"]).rename_columns({"group": "kind"})


def of_items(ray, folder):
    return ray.data.from_items([{"a": 1, "b": None}, {"a": None, "b": "x"}, {"a": 3, "b": "y"}])


def united(ray, folder):
    return ray.data.range(10).union(ray.data.range(5))


def images(folder):
    """Pictures of several modes and sizes, beside the Parquet files."""
    # None of two dimensions: among others, Ray Data gives them a first dimension of 1.
    made = Path(folder).with_name("images")
    if not made.exists():
        made.mkdir()
        dice = np.random.default_rng(0)
        for number, mode in enumerate(["rgb", "rgba", "la", "cmyk"]):
            pixels = dice.integers(0, 256, (20 + number, 30 - number, len(mode)), dtype=np.uint8)
            picture = Image.fromarray(pixels, mode.upper())
            picture.save(made / f"{mode}.{'tiff' if mode == 'cmyk' else 'png'}")
    return str(made)


def aggregates(ray):
    return importlib.import_module(f"{ray.__name__}.data.aggregate")


def others(ray):
    rows = [{"id": number * 3, "amount": number / 2, "note": f"n{number}"} for number in range(100)]
    return ray.data.from_items([*rows, {"id": None, "amount": 0.0, "note": "no id"}])


def counted_groups(ray, folder):
    return read(ray, folder).groupby("group").count()


def aggregated_groups(ray, folder):
    kinds = aggregates(ray)
    aggs = [kind("amount") for kind in (kinds.Sum, kinds.Min, kinds.Max, kinds.Mean, kinds.AbsMax, kinds.CountDistinct)]
    aggs += [kinds.Count("amount", ignore_nulls=True), kinds.Quantile("amount", q=0.25), kinds.ZeroPercentage("amount")]
    aggs += [kinds.MissingValuePercentage("amount"), kinds.Sum("id"), kinds.Sum("id", alias_name="total")]
    return read(ray, folder).groupby("group").aggregate(*aggs)


def groups_of_two_keys(ray, folder):
    ds = read(ray, folder).map_batches(lambda b: {"half": b["id"] % 2, "group": b["group"], "id": b["id"]})
    return ds.groupby(["group", "half"]).max("id")


def functions_of_the_user_in_groups(ray, folder):
    longest = aggregates(ray).AggregateFn(
        init=lambda key: 0,
        accumulate_row=lambda longest, row: max(longest, row["id"]),
        merge=max,
        name="longest",
    )
    return read(ray, folder).select_columns(["id", "group"]).groupby("group").aggregate(longest)


def mapped_groups(ray, folder):
    def spread(group):
        return {"group": group["group"][:1], "spread": [group["id"].max() - group["id"].min()]}

    return read(ray, folder).groupby("group").map_groups(spread)


def joined(join_type):
    def program(ray, folder):
        left = read(ray, folder).select_columns(["id", "group", "amount"])
        return left.join(others(ray), join_type, num_partitions=3, on=("id",), right_suffix="_too")

    program.__name__ = f"{join_type}_join"
    return program


def joined_by_other_names(ray, folder):
    left = read(ray, folder).select_columns(["id", "group"])
    right = others(ray).rename_columns({"id": "number"})
    return left.join(right, "right_outer", num_partitions=2, on=("id",), right_on=("number",))


def zipped(ray, folder):
    return ray.data.range(100).zip(ray.data.range(100, override_num_blocks=3))


def end_of_a_range(ray, folder):
    return ray.data.range(100).train_test_split(0.3)[1]


def hashed_rows(ray, folder):
    return ray.data.range(100).streaming_train_test_split(0.3, split_type="hash", hash_column="id")[1]


def second_part(ray, folder):
    return ray.data.range(100).split_at_indices([20, 50])[1]


def described_images(**options):
    """What is seen of images as a batch, and each by itself."""

    def program(ray, folder):
        ds = ray.data.read_images(images(folder), include_paths=True, **options)
        return ds.map(
            lambda row: {
                "name": row["path"].rsplit("/", 1)[-1],
                "shape": list(row["image"].shape),
                "dtype": str(row["image"].dtype),
                "sum": float(row["image"].astype("float64").sum()),
            }
        )

    program.__name__ = "images" + "".join(f"_{name}_{value}" for name, value in options.items())
    return program


def images_of_one_size_in_batches(ray, folder):
    def describe(batch):
        return {
            "shape": [str(batch["image"].shape[1:])] * len(batch["image"]),
            "dtype": [str(batch["image"].dtype)] * len(batch["image"]),
        }

    return ray.data.read_images(images(folder), size=(8, 9), mode="RGB").map_batches(describe, batch_size=2)


def images_of_which_some_are_missing(ray, folder):
    paths = [f"{images(folder)}/rgb.png", f"{images(folder)}/gone.png"]
    ds = ray.data.read_images(paths, ignore_missing_paths=True)
    return ds.map(lambda row: {"shape": list(row["image"].shape)})


JOIN_TYPES = "inner left_outer right_outer full_outer left_semi right_semi left_anti right_anti"

PROGRAMS = [
    counted_groups,
    aggregated_groups,
    groups_of_two_keys,
    functions_of_the_user_in_groups,
    mapped_groups,
    *map(joined, JOIN_TYPES.split()),
    described_images(),
    described_images(mode="RGB"),
    described_images(mode="L"),
    described_images(size=(20, 30), mode="RGBA"),
    images_of_one_size_in_batches,
    images_of_which_some_are_missing,
    joined_by_other_names,
    zipped,
    end_of_a_range,
    hashed_rows,
    second_part,
    read,
    filtered_by_expression,
    new_column_by_expression,
    batches_of_numpy,
    batches_of_pandas,
    rows_by_function,
    flat_rows,
    renamed_and_dropped,
    of_items,
    united,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_rows_are_the_same(engines, folder, program):
    theirs, ours = (in_order(program(engine, folder).take_all()) for engine in engines)
    assert ours == theirs


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_column_names_are_the_same_and_in_the_same_order(engines, folder, program):
    theirs, ours = (program(engine, folder).materialize().schema().names for engine in engines)
    assert ours == theirs


@pytest.mark.parametrize("function", ["sum", "min", "max", "mean", "std"])
@pytest.mark.parametrize("column", ["id", "amount"])
def test_aggregates_are_the_same(engines, folder, function, column):
    theirs, ours = (getattr(read(engine, folder), function)(column) for engine in engines)
    assert ours == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("descending", [False, True, [True, False]])
@pytest.mark.parametrize("key", ["amount", "group", ["group", "amount"]])
def test_sorted_keys_are_the_same_in_order(engines, folder, key, descending):
    columns = [key] if isinstance(key, str) else key
    if isinstance(descending, list) and len(columns) == 1:
        descending = descending[:1]
    theirs, ours = (read(engine, folder).sort(key, descending).take_all() for engine in engines)
    theirs, ours = ([[comparable(row[name]) for name in columns] for row in rows] for rows in (theirs, ours))
    assert ours == theirs


def test_unique_values_are_the_same(engines, folder):
    theirs, ours = (set(read(engine, folder).unique("group")) for engine in engines)
    assert ours == theirs


@pytest.mark.parametrize("equal", [False, True])
def test_splits_have_the_same_sizes(engines, equal):
    sizes = [
        [part.count() for part in engine.data.range(20, override_num_blocks=4).split(3, equal=equal)]
        for engine in engines
    ]
    assert sizes[0] == sizes[1]


def test_counts_are_the_same(engines, folder):
    theirs, ours = (filtered_by_expression(engine, folder).count() for engine in engines)
    assert ours == theirs


def test_written_files_have_the_same_rows(engines, folder, tmp_path):
    tables = []
    for engine in engines:
        out = tmp_path / engine.__name__
        batches_of_numpy(engine, folder).write_parquet(str(out))
        tables.append(in_order(pq.read_table(out).to_pylist()))
    assert tables[0] == tables[1]


@pytest.mark.parametrize(
    "mistake",
    [
        lambda ray: ray.data.range(5).take_all(limit=2),
        lambda ray: ray.data.read_parquet("/no/such/folder"),
        lambda ray: ray.data.range(5).map_batches(lambda batch: [1, 2]).take_all(),
        lambda ray: ray.data.range(5).sort("no").take_all(),
        lambda ray: ray.data.range(5).groupby("no").count().take_all(),
        lambda ray: ray.data.range(5).zip(ray.data.range(4)).take_all(),
        lambda ray: ray.data.range(5).join(ray.data.range(5), "cross", num_partitions=1),
    ],
    ids=["take_all over its limit", "missing folder", "list from map_batches", "sort", "groupby", "zip", "join"],
)
def test_a_mistake_is_an_error_in_both(engines, mistake):
    for engine in engines:
        with pytest.raises(Exception):  # noqa: B017 (the types differ where Ray wraps the user's error)
            mistake(engine)
