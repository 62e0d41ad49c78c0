# âœ… EXPERT: Configure actor pools for maximum efficiency
def optimize_actor_pools():
    """Configure actor pools based on codebase insights."""

    # For GPU workloads: Match actor count to GPU count
    gpu_optimized = ds.map_batches(
        gpu_function,
        concurrency=4,     # Exactly 4 actors for 4 GPUs
        num_gpus=1,        # One GPU per actor
        # Advanced: Configure max tasks in flight per actor
        ray_remote_args={
            "max_concurrency": 1,  # One task per actor at a time for GPU
        }
    )

    # For CPU workloads: Optimize for CPU utilization
    cpu_optimized = ds.map_batches(
        cpu_function,
        concurrency=(4, 16),  # Autoscaling actor pool
        num_cpus=2,           # Multiple CPUs per actor
        ray_remote_args={
            "max_concurrency": 4,  # Multiple tasks per actor for CPU
        }
    )
