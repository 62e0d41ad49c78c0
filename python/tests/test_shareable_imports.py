# SPDX-License-Identifier: Apache-2.0
"""Which libraries are loaded once for all workers."""

import functools
import json as pandas  # a misleading name: what counts is the module

import pytest

from headrace.data._imports import shareable_imports


def _load():
    import torch
    from transformers import AutoConfig

    return torch, AutoConfig


class _Model:
    def __init__(self):
        self.parts = _load()

    def __call__(self, batch):
        return batch

    def with_scipy(self, batch):
        import scipy.stats

        return scipy.stats.zscore(batch)


def _nested(batch):
    def inner():
        import PIL.Image

        return PIL.Image

    return inner()


def _plain(batch):
    return pandas.dumps(batch)


def _recursive(batch):
    return _recursive(batch)


def test_follows_a_class_to_the_functions_it_calls():
    assert shareable_imports(_Model) == ["scipy", "torch", "transformers", "transformers:AutoConfig"]


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (_nested, ["PIL"]),
        (_plain, []),
        (_recursive, []),
        (len, []),
        (functools.partial(_nested), ["PIL"]),
        (_Model.__new__(_Model).with_scipy, ["scipy"]),
    ],
)
def test_functions_of_every_kind(fn, expected):
    assert shareable_imports(fn) == expected
