def optimize_for_hardware_profile():
    """Optimize block sizes based on actual hardware characteristics."""

    import ray
    from ray.data.context import DataContext

    # Get cluster characteristics
    cluster_resources = ray.cluster_resources()
    total_memory = cluster_resources.get("memory", 0) / (1024**3)  # GB
    total_cpus = cluster_resources.get("CPU", 0)
    memory_per_cpu = total_memory / total_cpus if total_cpus > 0 else 4

    ctx = DataContext.get_current()

    # Optimize based on memory:CPU ratio
    if memory_per_cpu > 8:  # High-memory instances
        ctx.target_max_block_size = 512 * 1024 * 1024  # 512MB
        optimal_config = "High-memory optimized"
    elif memory_per_cpu > 4:  # Standard instances
        ctx.target_max_block_size = 256 * 1024 * 1024  # 256MB
        optimal_config = "Standard optimized"
    else:  # Memory-constrained instances
        ctx.target_max_block_size = 128 * 1024 * 1024  # 128MB
        optimal_config = "Memory-constrained optimized"

    return optimal_config
