from ray.data.context import DataContext
import ray

# Check current memory configuration
ctx = DataContext.get_current()
cluster_cpus = int(ray.cluster_resources()["CPU"])

expected_memory_mb = (cluster_cpus * ctx.target_max_block_size) / (1024 * 1024)
print(f"Expected heap memory usage: {expected_memory_mb:.1f} MB")
print(f"Max block size: {ctx.target_max_block_size / (1024*1024):.1f} MB")
