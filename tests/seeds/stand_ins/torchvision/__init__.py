# SPDX-License-Identifier: Apache-2.0
"""As much of torchvision as the notebook's cells use, so that they run where torchvision is not installed."""
