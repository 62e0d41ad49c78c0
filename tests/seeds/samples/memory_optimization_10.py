# Diagnosis: Check for backpressure indicators
def diagnose_backpressure():
    """Diagnose backpressure issues in your pipeline."""

    # Run pipeline and check execution stats
    result = ds.map_batches(your_transform).materialize()
    stats = result.stats()

    # Look for backpressure indicators
    if "backpressure" in str(stats).lower():
        print("Backpressure detected!")
        print("Solutions:")
        print("1. Reduce batch_size")
        print("2. Increase concurrency")
        print("3. Allocate more memory per task")
        print("4. Configure smaller block sizes")
