# âœ… EXPERT: Use resource reservation for production stability
def configure_resource_reservation():
    """Configure resource reservation for stable performance."""

    ctx = DataContext.get_current()

    # Enable resource reservation (default: True)
    ctx.enable_op_resource_reservation = True

    # Configure reservation ratio (default: 0.5)
    ctx.op_resource_reservation_ratio = 0.7  # Reserve 70% of resources

    # This prevents resource contention between operators
