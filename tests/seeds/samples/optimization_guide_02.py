def handle_memory_pressure():
    """Handle memory pressure in large workloads."""

    # Use streaming execution
    large_dataset = ray.data.read_parquet("s3://large-data/")

    # Process without materializing
    result = large_dataset \
        .filter(lambda row: row["amount"] > 100) \
        .map_batches(transform_function) \
        .write_parquet("s3://output/")

    return result
