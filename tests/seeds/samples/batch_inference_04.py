import ray
import ray.data
import torch
import torchvision.transforms as transforms
from torchvision import models
import numpy as np
import time
from typing import Dict, List, Any

# Load ImageNet validation data (publicly available subset)
def load_imagenet_data():
    """Load ImageNet data with suboptimal configuration."""
    
    # MISTAKE 1: No block size optimization
    # Using default blocks which may be too small or too large
    dataset = ray.data.read_images(
        "s3://anonymous@air-example-data-2/imagenette2/",
        mode="RGB",
        # MISTAKE: Not specifying override_num_blocks
        # This can lead to inefficient task distribution
    ).limit(10000)  # 10K images for realistic demonstration
    
    print(f"Dataset blocks: {dataset.num_blocks()}")  # Likely suboptimal
    print(f"Estimated dataset size: {dataset.size_bytes() / 1024 / 1024:.1f} MB")
    
    return dataset

imagenet_data = load_imagenet_data()
