# âœ… EXPERT: Configure progress reporting for production performance
def optimize_progress_reporting():
    """Configure progress reporting for minimal performance overhead."""

    ctx = DataContext.get_current()

    # For production: Disable progress bars for better performance
    ctx.enable_progress_bars = False

    # For development: Enable with optimizations
    ctx.enable_progress_bars = True
    ctx.enable_progress_bar_name_truncation = True
    ctx.use_ray_tqdm = True
