# âœ… EXPERT: Optimize streaming read buffer based on network characteristics
def optimize_streaming_read_buffer():
    """Configure streaming read buffer for optimal I/O performance."""

    ctx = DataContext.get_current()

    # High-bandwidth networks: Larger buffers
    ctx.streaming_read_buffer_size = 64 * 1024 * 1024  # 64MB (default 32MB)

    # Memory-constrained: Smaller buffers
    # ctx.streaming_read_buffer_size = 16 * 1024 * 1024  # 16MB

    # I/O intensive workloads: Optimize for throughput
    # ctx.streaming_read_buffer_size = 128 * 1024 * 1024  # 128MB
