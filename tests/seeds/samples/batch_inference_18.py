# Calculate optimal blocks
dataset_size_mb = dataset.size_bytes() / 1024 / 1024
target_block_size_mb = 200  # Target 200MB blocks
optimal_blocks = max(1, int(dataset_size_mb / target_block_size_mb))

# Apply optimization
optimized_dataset = dataset.repartition(optimal_blocks)
