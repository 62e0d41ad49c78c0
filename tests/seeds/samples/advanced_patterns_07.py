# âœ… EXPERT: Configure scheduling for different argument sizes
def optimize_scheduling_strategy():
    """Optimize task scheduling based on argument characteristics."""

    ctx = DataContext.get_current()

    # For operations with large arguments (>50MB)
    ctx.large_args_threshold = 50 * 1024 * 1024  # 50MB threshold
    ctx.scheduling_strategy_large_args = "DEFAULT"  # Locality-aware

    # For standard operations
    ctx.scheduling_strategy = "SPREAD"  # Distribute across cluster

    # For ML training workloads
    # ctx.execution_options.locality_with_output = True
