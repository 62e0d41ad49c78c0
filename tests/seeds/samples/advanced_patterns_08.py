# âœ… EXPERT: Configure autoscaling for optimal resource utilization
def configure_autoscaling():
    """Configure autoscaling for dynamic workloads."""

    from ray.data.context import AutoscalingConfig

    ctx = DataContext.get_current()

    # Configure autoscaling thresholds
    ctx.autoscaling_config = AutoscalingConfig(
        min_running_actors=2,        # Minimum actors to keep running
        max_running_actors=20,       # Maximum actors for cost control
        actor_pool_scaling_up_threshold=0.8,    # Scale up at 80% utilization
        actor_pool_scaling_down_threshold=0.3,  # Scale down at 30% utilization
    )
