# Example: Understanding block distribution
dataset = ray.data.read_images("path/to/images")
print(f"Blocks: {dataset.num_blocks()}")
print(f"Records per block: ~{dataset.count() // dataset.num_blocks()}")

# Control block size with override_num_blocks
optimized_dataset = ray.data.read_images(
    "path/to/images",
    override_num_blocks=ray.cluster_resources()['CPU'] * 2
)
