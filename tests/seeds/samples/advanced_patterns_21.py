# âœ… EXPERT: Configure object store memory for optimal performance
def configure_object_store_memory():
    """Configure object store memory based on workload characteristics."""

    ctx = DataContext.get_current()

    # For ML training: Lower object store usage
    ctx.execution_options.resource_limits.object_store_memory = 2e9  # 2GB

    # For large analytics: Higher object store usage
    # ctx.execution_options.resource_limits.object_store_memory = 20e9  # 20GB

    # Monitor object store usage
    stats = ray.object_store_stats()
    usage_ratio = stats["used_bytes"] / stats["total_bytes"]
    print(f"Object store usage: {usage_ratio:.1%}")
