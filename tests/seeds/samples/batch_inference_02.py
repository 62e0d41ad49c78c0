# Memory-efficient processing configuration
MEMORY_CONFIG = {
    "preserve_order": False,  # Allow reordering for better memory usage
    "local_shuffle_buffer_size": 1000,  # Limit shuffle buffer size
    "target_max_block_size": 512 * 1024 * 1024,  # 512MB max block size
}

# Example: Memory-efficient inference pipeline
def memory_efficient_inference(dataset):
    """Demonstrate memory-efficient inference patterns."""
    return dataset.map_batches(
        inference_function,
        batch_size=16,  # Smaller batches for memory efficiency
        concurrency=2,  # Limit concurrent workers
        **MEMORY_CONFIG
    )
