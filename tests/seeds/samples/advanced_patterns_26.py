# âœ… EXPERT: Production configuration for high availability
def production_ha_config():
    """Configure Ray Data for high-availability production."""

    ctx = DataContext.get_current()

    # Configure for fault tolerance
    ctx.max_errored_blocks = 10  # Allow some failures without pipeline failure
    ctx.actor_task_retry_on_errors = True

    # Configure resource reservation for stability
    ctx.enable_op_resource_reservation = True
    ctx.op_resource_reservation_ratio = 0.8  # Reserve most resources

    # Configure conservative memory usage
    ctx.target_max_block_size = 128 * 1024 * 1024  # Conservative 128MB

    # Enable monitoring
    ctx.enable_auto_log_stats = True
