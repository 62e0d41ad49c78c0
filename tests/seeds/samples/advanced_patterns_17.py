# âœ… EXPERT: Configure streaming generator buffers (hidden optimization)
def optimize_streaming_buffers():
    """Configure streaming generator buffers for optimal performance."""

    import os

    # Configure max blocks in streaming generator buffer
    # Default: 2 blocks, increase for high-throughput workloads
    os.environ["RAY_DATA_MAX_NUM_BLOCKS_IN_STREAMING_GEN_BUFFER"] = "4"

    # Configure actor task retry behavior
    ctx = DataContext.get_current()
    ctx.actor_task_retry_on_errors = True  # Retry on actor failures

    # Configure max tasks in flight per actor
    ctx.max_tasks_in_flight_per_actor = 8  # Default: 4, increase for I/O intensive
