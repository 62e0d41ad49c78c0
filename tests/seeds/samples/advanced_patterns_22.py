# âœ… EXPERT: Configure for different storage system characteristics
def optimize_for_storage_system():
    """Optimize configuration based on storage system."""

    ctx = DataContext.get_current()

    # For S3: Optimize for high-latency, high-throughput
    if storage_system == "s3":
        ctx.streaming_read_buffer_size = 64 * 1024 * 1024  # Larger buffers
        ctx.target_max_block_size = 256 * 1024 * 1024      # Larger blocks

    # For local NVMe: Optimize for low-latency, high IOPS
    elif storage_system == "nvme":
        ctx.streaming_read_buffer_size = 16 * 1024 * 1024  # Smaller buffers
        ctx.target_max_block_size = 128 * 1024 * 1024      # Standard blocks

    # For network storage: Balance latency and throughput
    elif storage_system == "nfs":
        ctx.streaming_read_buffer_size = 32 * 1024 * 1024  # Moderate buffers
        ctx.target_max_block_size = 256 * 1024 * 1024      # Larger blocks
