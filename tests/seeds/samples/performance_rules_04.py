# Small batch_size = more overhead, less memory
# Large batch_size = less overhead, more memory, better GPU utilization
ds.map_batches(fn, batch_size=64)   # good for GPU inference
ds.map_batches(fn, batch_size=4096) # good for simple numpy ops
