# 1. Read on CPU (many cheap workers)
ds = ray.data.read_parquet(path, ray_remote_args={"num_cpus": 0.25})

# 2. CPU preprocessing (fused with read if possible)
ds = ds.map_batches(preprocess_fn, batch_size=256)

# 3. GPU inference (few expensive workers)
ds = ds.map_batches(
    GPUModel,
    num_gpus=1,
    batch_size=32,
    compute=ray.data.ActorPoolStrategy(size=4),
)

# 4. Write output
ds.write_parquet("s3://bucket/results/")
