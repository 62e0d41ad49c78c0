# SPDX-License-Identifier: Apache-2.0
"""Datasets of other libraries: Hugging Face, torch, tf.data, Dask."""

import datasets
import numpy as np
import pandas as pd
import pytest
from dask import dataframe

import headrace as ray

ROWS = [{"n": i, "text": f"t{i}"} for i in range(100)]


@pytest.fixture
def on_disk(tmp_path):
    datasets.Dataset.from_list(ROWS).save_to_disk(tmp_path / "saved")
    return datasets.load_from_disk(tmp_path / "saved")


def test_a_huggingface_dataset_in_memory_is_shared():
    ds = ray.data.from_huggingface(datasets.Dataset.from_list(ROWS))
    assert ds.take_all() == ROWS
    assert "FromHuggingFace" in ds.execution_plan()


def test_a_huggingface_dataset_on_disk_is_read_in_tasks(on_disk):
    ds = ray.data.from_huggingface(on_disk, override_num_blocks=4)
    assert [block.num_rows for block in ds._iter_blocks()] == [25] * 4
    assert ds.take_all() == ROWS
    assert ds.count() == 100
    assert ds.schema().names == ["n", "text"]
    assert "ReadHuggingFace" in ds.execution_plan()


def test_an_order_of_the_user_is_kept(on_disk):
    shuffled = on_disk.shuffle(seed=1).select(range(10))
    assert ray.data.from_huggingface(shuffled).take_all() == list(shuffled)
    in_memory = datasets.Dataset.from_list(ROWS).select([5, 3])
    assert [row["n"] for row in ray.data.from_huggingface(in_memory).take_all()] == [5, 3]


def test_an_iterable_huggingface_dataset_streams():
    def rows():
        for number in range(10**9):
            yield {"n": number}

    endless = datasets.IterableDataset.from_generator(rows)
    assert ray.data.from_huggingface(endless).take(3) == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_shards_of_an_iterable_dataset_are_tasks(on_disk):
    ds = ray.data.from_huggingface(on_disk.to_iterable_dataset(num_shards=3), override_num_blocks=3)
    assert len(list(ds._iter_blocks())) == 3
    assert sorted(row["n"] for row in ds.take_all()) == list(range(100))


def test_splits_are_to_be_chosen():
    both = datasets.DatasetDict({"train": datasets.Dataset.from_list(ROWS)})
    with pytest.raises(TypeError, match=r"dataset\['train'\]"):
        ray.data.from_huggingface(both)
    with pytest.raises(TypeError, match="got list"):
        ray.data.from_huggingface(ROWS)


def test_items_of_torch_datasets():
    pytest.importorskip("torch")
    from torch.utils.data import Dataset, IterableDataset

    class Map(Dataset):
        def __len__(self):
            return 100

        def __getitem__(self, index):
            return np.full((2, 2), index), index

    class Endless(IterableDataset):
        def __iter__(self):
            number = 0
            while True:
                yield number
                number += 1

    items = [row["item"] for row in ray.data.from_torch(Map()).take_all()]
    assert [label for _, label in items] == list(range(100))
    assert np.array_equal(items[7][0], np.full((2, 2), 7))
    assert [row["item"] for row in ray.data.from_torch(Endless()).take(40)] == list(range(40))


class Elements:
    """What from_tf uses of a tf.data.Dataset: elements as nested structures of numpy values."""

    def __init__(self, elements):
        self._elements = elements

    def as_numpy_iterator(self):
        return iter(self._elements)


def test_elements_of_tf_datasets():
    plain = ray.data.from_tf(Elements([np.int64(3), np.int64(4)]))
    assert plain.take_all() == [{"item": 3}, {"item": 4}]
    named = ray.data.from_tf(Elements([{"x": np.float32(0.5), "image": np.zeros((2, 2))} for _ in range(70)]))
    rows = named.take_all()
    assert len(rows) == 70
    assert rows[0]["x"] == 0.5 and rows[0]["image"].shape == (2, 2)


def test_partitions_of_a_dask_frame():
    frame = dataframe.from_pandas(pd.DataFrame({"x": range(10)}), npartitions=3)
    ds = ray.data.from_dask(frame[frame.x > 2])
    assert [row["x"] for row in ds.take_all()] == list(range(3, 10))
