# Column pruning (projection pushdown) — only read what you need
ds = ray.data.read_parquet(path, columns=["text", "label"])

# Row filtering (predicate pushdown)
ds = ray.data.read_parquet(path, filter=pyarrow.compute.field("year") >= 2024)

# More IO parallelism for network-bound reads
ds = ray.data.read_parquet(path, ray_remote_args={"num_cpus": 0.25})
