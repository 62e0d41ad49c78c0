def understand_ray_data_blocks():
    """Explore Ray Data's block-based architecture."""
    
    print("="*60)
    print("RAY DATA ARCHITECTURE DEEP DIVE")
    print("="*60)
    
    # Load dataset and examine its structure
    dataset = ray.data.read_images(
        "s3://anonymous@air-example-data-2/imagenette2/train/", 
        mode="RGB"
    ).limit(500)
    
    print(f"Dataset Statistics:")
    print(f"  Total records: {dataset.count()}")
    print(f"  Number of blocks: {dataset.num_blocks()}")
    print(f"  Dataset size: {dataset.size_bytes() / 1024 / 1024:.1f} MB")
    
    # Understanding block distribution
    block_sizes = []
    for i in range(min(5, dataset.num_blocks())):
        block = dataset.get_internal_block_refs()[i]
        # This would show block size distribution in real implementation
        print(f"  Block {i}: ~{dataset.size_bytes() // dataset.num_blocks() / 1024:.0f} KB")
    
    print(f"\nKey Insights:")
    print(f"  • Each block becomes a separate task")
    print(f"  • Tasks run in parallel across Ray workers")
    print(f"  • Block size affects memory usage and parallelism")
    print(f"  • Too many small blocks = high overhead")
    print(f"  • Too few large blocks = poor parallelism")
    
    return dataset

# Explore the architecture
sample_dataset = understand_ray_data_blocks()
