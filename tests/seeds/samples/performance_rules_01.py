import ray

ctx = ray.data.DataContext.get_current()

# Block size bounds (defaults are usually fine)
ctx.target_min_block_size = 1 * 1024 * 1024       # 1 MiB
ctx.target_max_block_size = 128 * 1024 * 1024      # 128 MiB

# Shuffle block size (larger to avoid tiny blocks)
ctx.target_shuffle_max_block_size = 1024 * 1024 * 1024  # 1 GiB
