# âœ… EXPERT: Configure shuffling for optimal performance
def optimize_shuffling():
    """Configure shuffling operations for maximum performance."""

    ctx = DataContext.get_current()

    # For large shuffles: Use push-based shuffle
    ctx.use_push_based_shuffle = True

    # Configure shuffle block sizes
    ctx.target_shuffle_max_block_size = 1024 * 1024 * 1024  # 1GB

    # Configure hash shuffle parameters
    ctx.max_hash_shuffle_aggregators = 128  # More aggregators for large data
    ctx.default_hash_shuffle_parallelism = 400  # Higher parallelism
