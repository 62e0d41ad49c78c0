# SPDX-License-Identifier: Apache-2.0
import torch


def resnet50(pretrained: bool = False) -> torch.nn.Module:
    """A model with resnet50's input and output shapes and one layer; always the same weights."""
    torch.manual_seed(50)
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(), torch.nn.Linear(3 * 4 * 4, 1000))
