# âœ… EXPERT: Configure scheduling for data locality
def optimize_data_locality():
    """Configure scheduling for optimal data locality."""

    ctx = DataContext.get_current()

    # For ML training: Enable locality with output
    ctx.execution_options.locality_with_output = True

    # For distributed processing: Spread tasks across cluster
    ctx.scheduling_strategy = "SPREAD"

    # For large argument tasks: Use locality-aware scheduling
    ctx.scheduling_strategy_large_args = "DEFAULT"
    ctx.large_args_threshold = 100 * 1024 * 1024  # 100MB threshold
