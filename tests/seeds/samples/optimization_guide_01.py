import ray
from ray.data.context import DataContext

def optimize_block_sizes():
    """Optimize block sizes for different workloads."""

    ctx = DataContext.get_current()

    # For large analytical workloads
    ctx.target_max_block_size = 256 * 1024 * 1024  # 256MB

    # For memory-constrained environments  
    ctx.target_max_block_size = 32 * 1024 * 1024   # 32MB

    # For GPU workloads
    ctx.target_max_block_size = 64 * 1024 * 1024   # 64MB
