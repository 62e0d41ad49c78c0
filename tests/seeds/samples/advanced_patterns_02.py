# âœ… EXPERT: Design pipelines to maintain streaming execution
def streaming_optimized_pipeline():
    """Pipeline designed to avoid materialization."""

    return ray.data.read_parquet("s3://large-data/") \
        .filter(lambda row: row["valid"]) \
        .map_batches(transform_1, batch_size=1000) \
        .map_batches(transform_2, batch_size=500) \
        .filter(lambda row: row["processed"]) \
        .write_parquet("s3://output/")  # Never materializes

# âŒ ANTI-PATTERN: Unnecessary materialization breaks
def materialization_heavy():
    """Pipeline with unnecessary materialization."""

    ds = ray.data.read_parquet("s3://large-data/")
    ds = ds.materialize()  # Unnecessary materialization
    ds = ds.filter(lambda row: row["valid"])
    ds = ds.repartition(10)  # Forces materialization
    ds = ds.map_batches(transform_1)
    return ds.materialize()  # Another unnecessary materialization
