# âœ… EXPERT: Configure hash shuffling for large-scale groupby operations
def optimize_hash_shuffle():
    """Configure hash shuffling for optimal large-scale performance."""

    ctx = DataContext.get_current()

    # For large groupby operations
    ctx.max_hash_shuffle_aggregators = 256  # More aggregators for large data
    ctx.default_hash_shuffle_parallelism = 1000  # Higher parallelism

    # Configure aggregator health monitoring
    ctx.min_hash_shuffle_aggregator_wait_time_in_s = 600  # 10 minutes

    # Configure finalization batch size
    ctx.max_hash_shuffle_finalization_batch_size = 64
