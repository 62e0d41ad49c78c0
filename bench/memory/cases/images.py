# SPDX-License-Identifier: Apache-2.0
"""JPEG files that decode to 50 times their size, reduced by a NumPy function, Parquet."""

import numpy as np
from inputs import PHOTO_BYTES, photo_files

prepare = photo_files


def mean_colours(batch):
    means = [image.reshape(-1, 3).mean(axis=0, dtype=np.float64) for image in batch["image"]]
    heights = [len(image) for image in batch["image"]]
    return {"red": np.array([mean[0] for mean in means]), "height": np.array(heights)}


def run(ray, job):
    ds = ray.data.read_images(job.files("*.jpg", PHOTO_BYTES), mode="RGB")
    ds.map_batches(mean_colours, batch_size=2).write_parquet(str(job.out))
