# âœ… EXPERT: Optimize for different network configurations
def network_optimized_config():
    """Configure Ray Data for different network topologies."""

    ctx = DataContext.get_current()

    # High-bandwidth networks: Larger transfers
    if network_type == "high_bandwidth":
        ctx.streaming_read_buffer_size = 128 * 1024 * 1024  # 128MB
        ctx.large_args_threshold = 100 * 1024 * 1024        # 100MB

    # High-latency networks: Optimize for fewer round trips
    elif network_type == "high_latency":
        ctx.streaming_read_buffer_size = 256 * 1024 * 1024  # 256MB
        ctx.target_max_block_size = 512 * 1024 * 1024       # Larger blocks

    # Low-bandwidth networks: Minimize data transfer
    elif network_type == "low_bandwidth":
        ctx.streaming_read_buffer_size = 16 * 1024 * 1024   # 16MB
        ctx.target_max_block_size = 128 * 1024 * 1024       # Smaller blocks
