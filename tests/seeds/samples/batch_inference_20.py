# Check object store usage
print(f"Object store memory: {ray.cluster_resources()}")

# Monitor during execution
def memory_efficient_inference():
    results = dataset.map_batches(
        OptimizedInference,
        batch_size=64,
        # Limit memory usage
        max_concurrency=2
    )
    
    # Process in chunks to avoid memory buildup
    for batch in results.iter_batches(batch_size=1000):
        process_batch(batch)
