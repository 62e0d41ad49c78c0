# âœ… EXPERT: Defer expensive operations until necessary
def deferred_operations():
    """Defer expensive operations for better performance."""

    # Build pipeline without triggering execution
    pipeline = ray.data.read_parquet("s3://data/") \
        .filter(lambda row: row["amount"] > 100) \
        .map_batches(expensive_transform)

    # Only trigger execution when results are needed
    # Don't call .count() or .stats() during pipeline construction

    # Execute only when writing output
    pipeline.write_parquet("s3://output/")

# âŒ ANTI-PATTERN: Premature execution triggers
def premature_execution():
    """Pipeline with premature execution triggers."""

    ds = ray.data.read_parquet("s3://data/")
    print(f"Loaded {ds.count()} rows")  # Triggers full execution!

    filtered = ds.filter(lambda row: row["amount"] > 100)
    print(f"Filtered to {filtered.count()} rows")  # Another full execution!

    return filtered  # Pipeline executed multiple times unnecessarily
