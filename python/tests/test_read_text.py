# SPDX-License-Identifier: Apache-2.0
"""CSV and JSON lines: rows, types and failures are those of pyarrow's readers, whatever the text and the tasks."""

import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import headrace as ray

EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

CELLS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats(allow_nan=False).map(repr),
    st.sampled_from(
        ["", "NA", "true", "False", "2020-01-02", "10:20:30", "2020-01-02 10:20:30", "2020-01-02 10:20:30Z"]
    ),
    st.text('ab,"\n\r é', max_size=8).map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.text("ab 1.-", max_size=20),
)


@st.composite
def csv_texts(draw):
    num_columns = draw(st.integers(1, 4))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    rows = draw(st.lists(st.lists(CELLS, min_size=num_columns, max_size=num_columns), max_size=12))
    header = ",".join(f"c{i}" for i in range(num_columns))
    return end.join([header, *(",".join(row) for row in rows)]) + end


def read(ds):
    """All rows in one table."""
    return pa.concat_tables([ray.get(ref) for ref in ds.to_arrow_refs()], promote_options="permissive")


@EXAMPLES
@given(csv_texts())
def test_csv_rows_and_types_are_those_of_pyarrow(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    try:
        expected = pyarrow.csv.open_csv(path).read_all()
    except pa.ArrowInvalid:
        with pytest.raises(Exception, match=r"a\.csv"):
            read(ray.data.read_csv(path))
        return
    assert read(ray.data.read_csv(path)) == expected


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=6), st.just("2020-01-02")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)),
    max_leaves=6,
)


@EXAMPLES
@given(st.lists(st.dictionaries(st.sampled_from("abc"), JSON_VALUES, max_size=3), min_size=1, max_size=6))
def test_json_rows_and_types_are_those_of_pyarrow(tmp_path, rows):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"id": i, **row}) + "\n" for i, row in enumerate(rows)))
    try:
        expected = pyarrow.json.read_json(path)
        expected.validate(full=True)
    except pa.ArrowInvalid:
        return  # values of several kinds in one place
    actual = read(ray.data.read_json(path, lines=True))
    assert actual.schema == expected.schema
    assert actual.to_pylist() == expected.to_pylist()


def test_json_values_of_several_kinds_name_the_column(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"price": 1}\n{"price": "high"}\n')
    with pytest.raises(Exception, match=r"a\.jsonl.*price"):
        ray.data.read_json(tmp_path, lines=True).take_all()


def test_json_files_of_different_columns_and_types_are_unified(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"n": 1, "s": "x"}\n')
    (tmp_path / "b.jsonl").write_text('{"n": 1.5, "t": [1]}\n')
    ds = ray.data.read_json(tmp_path, lines=True)
    assert ds.take_all() == [{"n": 1, "s": "x"}, {"n": 1.5, "t": [1]}]
    assert ds.sum("n") == 2.5
    assert sorted(ds.to_pandas().columns) == ["n", "s", "t"]


@pytest.mark.parametrize("wanted", [None, 3, 7])
def test_one_large_csv_file_keeps_the_order_of_its_rows(tmp_path, wanted):
    rows = 400_000
    with (tmp_path / "a.csv").open("w") as out:
        out.write("id,text\n")
        out.writelines(f'{i},"row {i}, {"x" * (i % 9)}"\n' for i in range(rows))
    ds = ray.data.read_csv(tmp_path, override_num_blocks=wanted).materialize()
    assert ds.num_blocks() == (wanted or ds.num_blocks())
    assert ds.num_blocks() > 1
    assert [row["id"] for row in ds.iter_rows()] == list(range(rows))


def test_a_csv_value_of_another_type_is_found_in_its_range(tmp_path):
    with (tmp_path / "a.csv").open("w") as out:
        out.write("id,text\n")
        out.writelines(f"{i},row {i} of many\n" for i in range(300_000))
        out.write("last,x\n")
    with pytest.raises(Exception, match=r'a\.csv: from byte .*column "id".*\'last\'.*column_types'):
        ray.data.read_csv(tmp_path, override_num_blocks=4).sum("id")
