def configuration_guidelines():
    """Provide guidelines for optimal Ray Data configuration."""
    
    print("\n" + "="*60)
    print("CONFIGURATION OPTIMIZATION GUIDELINES")
    print("="*60)
    
    print("1. BATCH SIZE OPTIMIZATION")
    print("   • GPU Memory Available: Use largest batch that fits")
    print("   • CPU-only: 32-128 samples per batch")
    print("   • GPU: 64-512 samples per batch (depends on model size)")
    print("   • Rule of thumb: Start with 128, increase until OOM")
    
    print("\n2. CONCURRENCY SETTINGS")
    print("   • GPU tasks: concurrency = number of GPUs")
    print("   • CPU tasks: concurrency = number of CPU cores / 2")
    print("   • Never exceed available hardware resources")
    
    print("\n3. BLOCK SIZE TUNING")
    print("   • Target: 100-500 MB per block")
    print("   • Use override_num_blocks to control block count")
    print("   • Formula: num_blocks = dataset_size_mb / target_block_size_mb")
    
    print("\n4. RESOURCE ALLOCATION")
    print("   • Model loading: Use compute='actors' for persistence")
    print("   • Stateless operations: Use compute='tasks'")
    print("   • GPU allocation: Match to actual hardware")
    
    print("\n5. OUTPUT FORMAT OPTIMIZATION")
    print("   • Parquet: Best for structured data, analytics")
    print("   • JSON: Good for small results, debugging")
    print("   • Avoid: CSV for large datasets, Python pickle")

configuration_guidelines()
