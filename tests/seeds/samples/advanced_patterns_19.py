# âœ… EXPERT: Enable Polars for faster analytical operations
def enable_polars_optimization():
    """Enable Polars for high-performance analytics."""

    ctx = DataContext.get_current()

    # Enable Polars for sorts, groupbys, and aggregations
    ctx.use_polars = True

    # Enable Polars for sorting operations
    ctx.use_polars_sort = True

    # This can provide significant speedups for analytical workloads
