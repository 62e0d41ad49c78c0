from ray.data.context import DataContext

def configure_for_workload(workload_type):
    """Configure optimal block sizes based on workload characteristics."""
    ctx = DataContext.get_current()

    if workload_type == "etl_processing":
        # ETL workloads benefit from balanced block sizes
        ctx.target_max_block_size = 256 * 1024 * 1024  # 256 MB
        ctx.target_min_block_size = 64 * 1024 * 1024   # 64 MB
        return "ETL optimized: 256MB max, 64MB min"

    elif workload_type == "image_processing":
        # Image processing needs GPU memory optimization
        ctx.target_max_block_size = 128 * 1024 * 1024  # 128 MB
        ctx.target_min_block_size = 32 * 1024 * 1024   # 32 MB
        return "Image optimized: 128MB max, 32MB min"

    elif workload_type == "large_analytics":
        # Analytics benefits from larger blocks for vectorization
        ctx.target_max_block_size = 512 * 1024 * 1024  # 512 MB
        ctx.target_min_block_size = 128 * 1024 * 1024  # 128 MB
        return "Analytics optimized: 512MB max, 128MB min"

    elif workload_type == "memory_constrained":
        # Memory-constrained environments need smaller blocks
        ctx.target_max_block_size = 64 * 1024 * 1024   # 64 MB
        ctx.target_min_block_size = 16 * 1024 * 1024   # 16 MB
        return "Memory optimized: 64MB max, 16MB min"
