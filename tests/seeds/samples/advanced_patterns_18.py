# âœ… EXPERT: Configure Pandas optimizations for better performance
def optimize_pandas_integration():
    """Configure Pandas integration for optimal performance."""

    ctx = DataContext.get_current()

    # Enable pandas block format for better pandas integration
    ctx.enable_pandas_block = True

    # Enable tensor extension casting for ML workloads
    ctx.enable_tensor_extension_casting = True

    # Use Arrow tensor v2 for large tensors (>2GB)
    ctx.use_arrow_tensor_v2 = True
