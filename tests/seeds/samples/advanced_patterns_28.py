# âœ… EXPERT: Configure for minimum latency
def low_latency_config():
    """Configure Ray Data for minimum latency workloads."""

    ctx = DataContext.get_current()

    # Use smaller blocks for faster startup
    ctx.target_max_block_size = 64 * 1024 * 1024  # 64MB
    ctx.target_min_block_size = 16 * 1024 * 1024  # 16MB

    # Optimize for locality
    ctx.execution_options.locality_with_output = True
    ctx.scheduling_strategy = "DEFAULT"  # Locality-aware

    # Minimize read blocks for faster startup
    ctx.read_op_min_num_blocks = 50  # Fewer blocks for faster start
