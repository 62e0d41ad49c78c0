# SPDX-License-Identifier: Apache-2.0
"""Makes a folder of photographs for the examples: crops, scales and mirror images of the photographs that scikit-image
and scikit-learn carry. The same seed gives the same pictures; a folder that is complete is used again."""

import os
import random
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

RECIPE = "photos 1"  # change it when the pictures change, and old folders are made anew
LONG_SIDE = (320, 640)  # pixels
NUM_ORIGINALS = 7  # how many photographs() there are


def photographs() -> Iterator[tuple[str, Image.Image]]:
    """(name, picture) of the colour photographs that lie in the two packages; nothing is downloaded."""
    import skimage.data
    from sklearn.datasets import load_sample_images

    bundled = Path(skimage.data.__file__).parent
    for file in ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg"):
        with Image.open(bundled / file) as picture:
            yield file.split(".")[0], picture.convert("RGB")
    samples = load_sample_images()
    for file, pixels in zip(samples.filenames, samples.images, strict=True):
        yield Path(file).stem, Image.fromarray(pixels)


def make_photos(folder: Path, count: int, seed: int = 0) -> Path:
    """`folder` with `count` JPEG files, `<name>_<number>.jpg`; the first of each name is the whole photograph."""
    mark = f"{RECIPE} {count} {seed}"
    done = folder / ".complete"
    if done.is_file() and done.read_text() == mark:
        return folder
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    originals = list(photographs())

    def write(number: int) -> None:
        name, picture = originals[number % len(originals)]
        if number >= len(originals):
            picture = _variation(picture, random.Random(seed * 1_000_003 + number))
        picture.save(partial / f"{name}_{number:05d}.jpg", quality=90)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(write, range(count)))
    (partial / ".complete").write_text(mark)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return folder


def _variation(picture: Image.Image, dice: random.Random) -> Image.Image:
    """Another photograph of the same thing: a crop of at least 70 % of each side, another scale, perhaps mirrored."""
    width, height = picture.size
    crop_width, crop_height = int(width * dice.uniform(0.7, 1)), int(height * dice.uniform(0.7, 1))
    left, top = dice.randint(0, width - crop_width), dice.randint(0, height - crop_height)
    scale = dice.randint(*LONG_SIDE) / max(crop_width, crop_height)
    size = (max(1, round(crop_width * scale)), max(1, round(crop_height * scale)))
    result = picture.resize(size, Image.Resampling.BILINEAR, (left, top, left + crop_width, top + crop_height))
    return result.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if dice.random() < 0.5 else result
