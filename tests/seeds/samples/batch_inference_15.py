# Task-based: Model loaded for every batch (slow)
results = dataset.map_batches(
    InferenceClass,
    compute="tasks"  # Model reloaded each time
)

# Actor-based: Model loaded once per worker (fast)
results = dataset.map_batches(
    InferenceClass,
    compute="actors"  # Model persists in memory
)
