# SPDX-License-Identifier: Apache-2.0
"""JPEG files of 640 x 480, decoded and resized to 224 x 224."""

import numpy as np

UNIT, AMOUNT = "images", 400


def prepare(folder):
    from PIL import Image

    (folder / "in").mkdir()
    x, y = np.meshgrid(np.arange(640), np.arange(480))
    for number in range(AMOUNT):
        red = (x + number) % 256
        pixels = np.stack([red, (y + 2 * number) % 256, (x + y) % 256], axis=2).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "in" / f"{number:04d}.jpg", quality=90)


def run(ray, folder):
    ds = ray.data.read_images(str(folder / "in"), size=(224, 224), mode="RGB")
    return sum(len(batch["image"]) for batch in ds.iter_batches(batch_size=64))


def check(answer):
    assert answer == AMOUNT, answer
