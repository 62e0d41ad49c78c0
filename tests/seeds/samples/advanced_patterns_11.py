# âœ… EXPERT: Configure error handling for different scenarios
def configure_error_handling():
    """Configure error handling for production workloads."""

    ctx = DataContext.get_current()

    # For data quality pipelines: Allow some bad blocks
    ctx.max_errored_blocks = 100  # Allow 100 bad blocks before failing

    # For critical pipelines: Strict error handling
    # ctx.max_errored_blocks = 0  # Fail on any error (default)

    # Configure I/O error retries
    ctx.retried_io_errors = (
        "AWS Error INTERNAL_FAILURE",
        "AWS Error NETWORK_CONNECTION", 
        "AWS Error SLOW_DOWN",
        "Connection timeout",
        "Read timeout"
    )
