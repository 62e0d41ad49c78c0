# Enable Ray Data stats
from ray.data.context import DataContext
ctx = DataContext.get_current()
ctx.enable_progress_bars = True

# Profile execution
import time
start_time = time.time()
results = dataset.map_batches(OptimizedInference, batch_size=64)
results.take_all()
end_time = time.time()

print(f"Total time: {end_time - start_time:.2f}s")
print("Check Ray dashboard for detailed metrics")
