# GPU-optimized concurrency
num_gpus = int(ray.cluster_resources().get('GPU', 1))
results = dataset.map_batches(
    OptimizedInference,
    concurrency=num_gpus,  # One task per GPU
    num_gpus=1,
    batch_size=128
)
