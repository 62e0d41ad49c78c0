def optimize_resource_allocation():
    """Optimize CPU and GPU resource allocation."""

    # CPU-intensive operations
    cpu_result = dataset.map_batches(
        cpu_processing,
        num_cpus=2,
        num_gpus=0
    )

    # GPU-intensive operations
    gpu_result = dataset.map_batches(
        gpu_processing,
        num_cpus=1,
        num_gpus=1,
        compute=ray.data.ActorPoolStrategy(size=4)
    )
