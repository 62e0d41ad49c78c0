# SPDX-License-Identifier: Apache-2.0
"""Runs the examples as programs, on little data."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
NEEDS_DEMO = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite_pytorch") is None, reason="needs the demo requirements"
)


def run(script: str, *arguments: object) -> str:
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@NEEDS_DEMO
def test_the_known_photographs_are_recognised(tmp_path):
    out = run("classify_images.py", "--count", 21, "--data", tmp_path / "photos", "--out", tmp_path / "classes")
    assert "The known photographs were recognised: Egyptian cat, espresso" in out
    assert "21 photographs in" in out


@NEEDS_DEMO
def test_both_ways_give_the_same_classes(tmp_path):
    out = run("wrong_way_right_way.py", "--count", 8, "--data", tmp_path / "photos")
    assert "of 8 photographs got the same class" in out


def test_etl_writes_the_orders_that_pass(tmp_path):
    out = run("etl.py", "--rows", 1000, "--out", tmp_path / "out")
    assert "817 of 1000 orders, payable 365348.29" in out
    assert list((tmp_path / "out").glob("*.parquet"))


def test_there_is_a_label_for_every_imagenet_class():
    labels = (HERE / "imagenet_labels.txt").read_text().splitlines()
    assert len(labels) == len(set(labels)) == 1000
    assert (labels[0], labels[285], labels[967], labels[999]) == ("tench", "Egyptian cat", "espresso", "toilet tissue")
