from ray.data.context import DataContext

def configure_backpressure_policies():
    """Configure backpressure policies for optimal performance."""
    ctx = DataContext.get_current()

    # Configure resource limits to prevent backpressure
    ctx.execution_options.resource_limits.cpu = 80  # Reserve 20% CPU
    ctx.execution_options.resource_limits.object_store_memory = 8e9  # 8GB limit

    # Configure for locality optimization
    ctx.execution_options.locality_with_output = True  # For ML training

    # Enable deterministic execution if needed (may reduce performance)
    ctx.execution_options.preserve_order = False  # Default: optimize for speed

    return "Backpressure policies configured"
