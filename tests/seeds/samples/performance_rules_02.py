# These three operations execute as ONE task per block:
ds = ray.data.read_parquet(path)
ds = ds.map_batches(tokenize)
ds = ds.map_batches(normalize)
