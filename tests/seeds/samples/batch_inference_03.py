import ray
import ray.data
import torch
import torchvision.transforms as transforms
from torchvision import models
import time

# Ray cluster is already running on Anyscale
print('Connected to Anyscale Ray cluster!')
print(f'Available resources: {ray.cluster_resources()}')

# Load ImageNet data (publicly available)
# Using a larger sample to demonstrate real-world scenarios
image_dataset = ray.data.read_images(
    "s3://anonymous@air-example-data-2/imagenette2/train/",
    mode="RGB"
).limit(5000)  # Larger sample for realistic demonstration

print(f"Loaded {image_dataset.count()} images for inference")

# WRONG WAY: Common mistakes that kill performance
class SlowInference:
    """Example of what NOT to do - loads model in __call__ method."""
    
    def __call__(self, batch):
        # MISTAKE 1: Loading model inside inference function
        model = models.resnet50(pretrained=True)
        model.eval()
        
        # MISTAKE 2: Not using GPU even when available
        # model = model.cuda()  # Commented out - missing GPU usage
        
        predictions = []
        
        # MISTAKE 3: Processing images one by one instead of batching
        for image_path in batch["path"]:
            # Inefficient single-image processing
            predictions.append({"prediction": "demo_class", "confidence": 0.95})
        
        return predictions

# MISTAKE 4: Wrong resource configuration
slow_results = image_dataset.map_batches(
    SlowInference,
    # MISTAKE 5: Bad batch size and concurrency
    batch_size=1,      # Too small - no GPU utilization
    concurrency=1,     # Too low - no parallelism
    # MISTAKE 6: Missing GPU allocation
    # num_gpus=1       # Commented out - not using available GPU
)

start_time = time.time()
predictions = slow_results.take_all()
slow_time = time.time() - start_time

print(f"Slow implementation: {len(predictions)} predictions in {slow_time:.2f}s")
print(f"Throughput: {len(predictions)/slow_time:.1f} images/second")
