def implementation_comparison():
    """Compare the two implementations and their key differences."""
    
    print("="*60)
    print("IMPLEMENTATION COMPARISON: BEFORE vs AFTER")
    print("="*60)
    
    print(f"KEY DIFFERENCES:")
    print(f"  Bad Implementation:")
    print(f"    • Model reloaded for every batch")
    print(f"    • CPU-only inference")
    print(f"    • Tiny batch sizes (batch_size=2)")
    print(f"    • High concurrency causing resource contention")
    print(f"    • Individual image processing")
    print(f"    • JSON output format")
    print(f"    • No resource optimization")
    
    print(f"\n  Optimized Implementation:")
    print(f"    • Model loaded once per actor")
    print(f"    • GPU acceleration when available")
    print(f"    • Proper batch sizes (batch_size=64)")
    print(f"    • Appropriate concurrency settings")
    print(f"    • Vectorized batch processing")
    print(f"    • Efficient Parquet output")
    print(f"    • Optimized resource allocation")
    
    print(f"\nKEY OPTIMIZATION IMPACTS:")
    print(f"  1. Model Loading Once:    Eliminated reload overhead")
    print(f"  2. GPU Acceleration:      Efficient GPU-based inference")
    print(f"  3. Proper Batching:       Better resource utilization")
    print(f"  4. Optimal Configuration: Improved parallelism")
    print(f"  5. Efficient I/O:         Faster data serialization")

implementation_comparison()
