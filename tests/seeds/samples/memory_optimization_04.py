# Problem: CPU-intensive operations causing backpressure
def prevent_cpu_backpressure():
    """Prevent CPU backpressure through proper resource allocation."""

    # Check available CPU resources
    available_cpus = int(ray.cluster_resources()["CPU"])

    # Configure CPU-intensive operations
    cpu_optimized = ds.map_batches(
        cpu_heavy_function,
        num_cpus=2,                           # Allocate sufficient CPU
        concurrency=available_cpus // 2,      # Don't oversubscribe CPUs
        batch_size=500                        # Balance memory and CPU usage
    )

    return cpu_optimized
