# Balanced resource allocation to prevent backpressure
def configure_balanced_pipeline():
    """Configure pipeline to prevent backpressure through balanced resources."""

    # Load data with appropriate parallelization
    ds = ray.data.read_parquet(
        "s3://large-data/",
        override_num_blocks=32  # Match downstream processing capacity
    )

    # Configure transforms with balanced resource allocation
    processed = ds.map_batches(
        cpu_intensive_transform,
        concurrency=8,    # Limit concurrency to prevent resource exhaustion
        num_cpus=2,       # Allocate sufficient CPU per task
        batch_size=1000   # Balance memory usage and throughput
    ).map_batches(
        gpu_intensive_transform,
        concurrency=4,    # Fewer GPU tasks due to resource constraints
        num_gpus=1,       # One GPU per task
        batch_size=32     # Smaller batches for GPU memory
    )

    return processed
