# Problem: GPU operations causing memory pressure and stalls
def prevent_gpu_backpressure():
    """Prevent GPU backpressure through memory-aware configuration."""

    # Check available GPU resources and memory
    available_gpus = int(ray.cluster_resources().get("GPU", 0))

    # Configure GPU operations with memory awareness
    gpu_optimized = ds.map_batches(
        gpu_intensive_function,
        num_gpus=1,                          # One GPU per actor
        concurrency=available_gpus,          # Match available GPUs
        batch_size=32,                       # Conservative for GPU memory
        memory=4*1024*1024*1024             # Reserve 4GB heap per actor
    )

    return gpu_optimized
