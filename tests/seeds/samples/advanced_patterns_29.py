# âœ… EXPERT: Advanced GPU memory optimization patterns
def advanced_gpu_optimization():
    """Advanced GPU memory optimization based on codebase insights."""

    # Configure for GPU memory efficiency
    gpu_pipeline = ds.map_batches(
        gpu_intensive_function,
        num_gpus=1,
        batch_size=16,  # Conservative for GPU memory
        # Advanced: Configure actor memory explicitly
        memory=8 * 1024 * 1024 * 1024,  # 8GB heap per GPU actor
        # Advanced: Configure max concurrency for GPU actors
        ray_remote_args={
            "max_concurrency": 1,  # One task at a time for GPU memory
            "max_restarts": 3,     # Restart failed GPU actors
        }
    )
