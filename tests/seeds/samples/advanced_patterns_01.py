# Operations that force materialization (avoid when possible)
materializing_ops = [
    "ds.sort()",           # AllToAllOperator - requires all data
    "ds.repartition()",    # AllToAllOperator - redistributes data
    "ds.random_shuffle()", # AllToAllOperator - global shuffling
    "ds.materialize()",    # Explicit materialization
    "ds.zip(other_ds)",    # ZipOperator - requires alignment
    "ds.take_all()",       # Consumes entire dataset
    "ds.count()",          # Requires processing all blocks
]

# âœ… GOOD: Streaming operations that avoid materialization
streaming_ops = [
    "ds.map()",
    "ds.map_batches()",
    "ds.filter()",
    "ds.select_columns()",
    "ds.add_column()",
    "ds.drop_columns()",
    "ds.write_*()",        # Streaming output
]
