# âœ… EXPERT: Configure advanced metrics for performance monitoring
def enable_advanced_metrics():
    """Enable advanced metrics collection for performance optimization."""

    ctx = DataContext.get_current()

    # Enable detailed stats logging
    ctx.enable_auto_log_stats = True
    ctx.verbose_stats_logs = True

    # Enable per-node metrics for cluster optimization
    ctx.enable_per_node_metrics = True

    # Configure memory usage polling
    ctx.memory_usage_poll_interval_s = 10  # Poll every 10 seconds

    # Enable object location metrics for locality optimization
    ctx.enable_get_object_locations_for_metrics = True
