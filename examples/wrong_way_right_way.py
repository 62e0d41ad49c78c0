# SPDX-License-Identifier: Apache-2.0
"""The same classification written the slow way and the quick way, on the same photographs.

Slow: files are opened one row at a time, and a plain function loads the model again for every batch of two.
Quick: read_images decodes and resizes, and a class keeps the model in an actor, which sees batches of 32.

    python examples/wrong_way_right_way.py --count 28
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import headrace as ray
from classify_images import DEMO, Classifier, preprocess
from photos import make_photos


def load_one_image(row: dict) -> dict:
    with Image.open(row["path"]) as picture:
        pixels = np.asarray(picture.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR))
    return {"path": row["path"], "image": pixels}


def classify_with_a_new_model(batch: dict) -> dict:
    return Classifier()(preprocess(batch))


def wrong_way(photos: Path) -> list[dict]:
    paths = [{"path": str(path)} for path in sorted(photos.glob("*.jpg"))]
    ds = ray.data.from_items(paths).map(load_one_image).map_batches(classify_with_a_new_model, batch_size=2)
    return ds.take_all()


def right_way(photos: Path) -> list[dict]:
    ds = ray.data.read_images(str(photos), size=(224, 224), mode="RGB", include_paths=True)
    ds = ds.map_batches(preprocess, batch_size=32)
    ds = ds.map_batches(Classifier, compute=ray.data.ActorPoolStrategy(size=1), batch_size=32)
    return ds.take_all()


def timed(way: Callable[[Path], list[dict]], photos: Path) -> tuple[dict[str, int], float]:
    started = time.perf_counter()
    rows = way(photos)
    return {Path(row["path"]).name: int(row["class_id"]) for row in rows}, time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=28, help="how many photographs")
    parser.add_argument("--data", type=Path, help="folder of the photographs")
    options = parser.parse_args()
    photos = make_photos(options.data or DEMO / f"photos_{options.count}", options.count)

    wrong, wrong_s = timed(wrong_way, photos)
    right, right_s = timed(right_way, photos)
    print(f"model loaded per batch of 2: {wrong_s:6.1f} s, {len(wrong) / wrong_s:6.1f} images/s")
    print(f"model kept in an actor:      {right_s:6.1f} s, {len(right) / right_s:6.1f} images/s")
    print(f"the second way takes {right_s / wrong_s:.0%} of the time of the first")
    # The two resize with different code (Pillow and the engine's own), so a close call may fall differently.
    same = sum(wrong[name] == right.get(name) for name in wrong)
    print(f"{same} of {len(wrong)} photographs got the same class")
    return 0 if len(wrong) == len(right) == options.count and same >= 0.9 * options.count else 1


if __name__ == "__main__":
    sys.exit(main())
