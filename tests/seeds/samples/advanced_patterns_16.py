# âœ… EXPERT: Configure backpressure policies for optimal throughput
def configure_advanced_backpressure():
    """Configure backpressure policies based on codebase insights."""

    ctx = DataContext.get_current()

    # Configure resource limits to prevent backpressure
    ctx.execution_options.resource_limits.cpu = 80  # Reserve 20% CPU
    ctx.execution_options.resource_limits.gpu = 7   # Reserve 1 GPU
    ctx.execution_options.resource_limits.object_store_memory = 8e9  # 8GB limit

    # Configure for different workload types
    if workload_type == "cpu_intensive":
        ctx.execution_options.resource_limits.cpu = 90  # Higher CPU utilization
    elif workload_type == "memory_intensive":
        ctx.execution_options.resource_limits.object_store_memory = 4e9  # Lower memory
