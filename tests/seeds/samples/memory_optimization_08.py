# Match block counts between operations to encourage fusion
def fusion_optimized_pipeline():
    """Configure pipeline for optimal stage fusion."""

    # Read with specific block count
    ds = ray.data.read_parquet(
        "s3://data/",
        override_num_blocks=16  # Explicit block count
    )

    # Transform without changing block structure
    transformed = ds \
        .map(row_transform) \
        .filter(lambda row: row["valid"]) \
        .map(final_transform)  # All operations can be fused

    # Avoid operations that break fusion unnecessarily
    # DON'T: .repartition(), .random_shuffle(), .sort() unless required

    return transformed
