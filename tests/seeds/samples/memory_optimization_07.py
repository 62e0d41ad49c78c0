# Fusion-breaking: Operations that prevent fusion
broken_fusion = ds \
    .map_batches(transform_1) \
    .repartition(10) \    # Repartition breaks fusion
    .map_batches(transform_2)  # Separate execution stage

# Fusion-optimized: Combine operations when possible
optimized_fusion = ds.map_batches(
    lambda batch: transform_2(transform_1(batch)),  # Combined in single stage
    batch_size=1000
)
