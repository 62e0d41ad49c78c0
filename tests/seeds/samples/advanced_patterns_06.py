# âœ… EXPERT: Enable eager memory freeing for better memory management
def enable_eager_memory_management():
    """Enable advanced memory management features."""

    ctx = DataContext.get_current()

    # Enable eager memory freeing (reduces memory usage)
    ctx.eager_free = True

    # Enable memory usage monitoring
    ctx.trace_allocations = False  # Only enable for debugging (performance overhead)

    # Configure memory warning thresholds
    ctx.warn_on_driver_memory_usage_bytes = 4 * 1024 * 1024 * 1024  # 4GB
