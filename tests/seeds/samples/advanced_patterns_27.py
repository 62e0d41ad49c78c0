# âœ… EXPERT: Configure for cost optimization
def cost_optimized_config():
    """Configure Ray Data for minimum cost while maintaining performance."""

    ctx = DataContext.get_current()

    # Use larger block sizes for efficiency
    ctx.target_max_block_size = 512 * 1024 * 1024  # 512MB for efficiency

    # Disable expensive features
    ctx.enable_progress_bars = False
    ctx.verbose_stats_logs = False
    ctx.enable_per_node_metrics = False

    # Use autoscaling to minimize resource usage
    ctx.autoscaling_config.min_running_actors = 1
    ctx.autoscaling_config.max_running_actors = 10
