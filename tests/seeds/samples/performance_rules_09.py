# Specify the format you want
ds.map_batches(fn, batch_format="pandas")   # pandas DataFrame
ds.map_batches(fn, batch_format="numpy")    # Dict[str, np.ndarray]
ds.iter_torch_batches(batch_size=64)        # Dict[str, torch.Tensor]
