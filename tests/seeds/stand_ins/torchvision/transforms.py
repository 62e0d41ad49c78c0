# SPDX-License-Identifier: Apache-2.0
import numpy as np
import torch
from PIL import Image


class Compose:
    def __init__(self, steps):
        self.steps = steps

    def __call__(self, value):
        for step in self.steps:
            value = step(value)
        return value


class ToPILImage:
    def __call__(self, pixels):
        return Image.fromarray(np.asarray(pixels))


class Resize:
    """The short side becomes `side` pixels."""

    def __init__(self, side):
        self.side = side

    def __call__(self, picture):
        scale = self.side / min(picture.size)
        size = tuple(max(self.side, round(length * scale)) for length in picture.size)
        return picture.resize(size, Image.Resampling.BILINEAR)


class CenterCrop:
    def __init__(self, side):
        self.side = side

    def __call__(self, picture):
        left, top = (picture.width - self.side) // 2, (picture.height - self.side) // 2
        return picture.crop((left, top, left + self.side, top + self.side))


class ToTensor:
    def __call__(self, picture):
        return torch.from_numpy(np.asarray(picture, dtype=np.float32).transpose(2, 0, 1) / 255)


class Normalize:
    def __init__(self, mean, std):
        self.mean = torch.tensor(mean)[:, None, None]
        self.std = torch.tensor(std)[:, None, None]

    def __call__(self, tensor):
        return (tensor - self.mean) / self.std
