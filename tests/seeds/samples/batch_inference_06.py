def run_bad_inference():
    """Run inference with all the wrong configuration settings."""
    
    print("="*60)
    print("RUNNING BAD INFERENCE PIPELINE")
    print("="*60)
    
    start_time = time.time()
    
    # MISTAKE 12: Terrible resource configuration
    bad_results = imagenet_data.map_batches(
        BadInferenceClass,
        
        # MISTAKE 13: Tiny batch size that doesn't utilize GPU
        batch_size=2,  # Way too small for GPU efficiency
        
        # MISTAKE 14: Wrong concurrency setting
        concurrency=8,  # Too high for GPU tasks, causes resource contention
        
        # MISTAKE 15: Not specifying GPU resources
        # num_gpus=0.1,  # Commented out - not using available GPU
        
        # MISTAKE 16: Wrong compute strategy
        compute="tasks",  # Should be "actors" for model loading
        
        # MISTAKE 17: No resource limits
        # max_concurrency not set - can overwhelm cluster
    )
    
    # MISTAKE 18: This will fail with Ray 2.5+ due to wrong return format
    # The error message will be:
    # "Returning a list of objects from `map_batches` is not allowed"
    
    # MISTAKE 19: Inefficient data collection (if it worked)
    # all_predictions = bad_results.take_all()  # Would load everything into memory
    
    # MISTAKE 20: Inefficient output format (if data collection worked)
    # Would save to JSON instead of efficient format like Parquet
    # import json
    # with open("/tmp/bad_results.json", "w") as f:
    #     json.dump(all_predictions, f)  # Slow serialization
    
    end_time = time.time()
    total_time = end_time - start_time
    
    print(f"\nBAD IMPLEMENTATION RESULTS:")
    print(f"Total images processed: {len(all_predictions)}")
    print(f"Total time: {total_time:.2f} seconds")
    print(f"Throughput: {len(all_predictions)/total_time:.1f} images/second")
    print(f"GPU utilization: Very low (not using GPU)")
    print(f"Model loading overhead: Significant (model reloaded many times)")
    
    return {
        'total_time': total_time,
        'throughput': len(all_predictions)/total_time,
        'predictions': all_predictions[:5]  # Sample results
    }

# Run the bad implementation
bad_performance = run_bad_inference()
