# âœ… EXPERT: Configure advanced error recovery for production resilience
def configure_error_recovery():
    """Configure advanced error recovery patterns."""

    ctx = DataContext.get_current()

    # Configure I/O error retry patterns
    ctx.retried_io_errors = (
        "AWS Error INTERNAL_FAILURE",
        "AWS Error NETWORK_CONNECTION",
        "AWS Error SLOW_DOWN", 
        "AWS Error SERVICE_UNAVAILABLE",
        "Connection timeout",
        "Read timeout",
        "SSL: CERTIFICATE_VERIFY_FAILED"
    )

    # Configure actor task retry behavior
    ctx.actor_task_retry_on_errors = [
        "ray.exceptions.RayActorError",
        "ConnectionError",
        "TimeoutError"
    ]
