import ray
import time

# Slow way (don't do this!)
start = time.time()
ds = ray.data.from_items([{"x": i} for i in range(1000)])
result_slow = ds.map(lambda x: x["x"] * 2)  # Inefficient
print(f"⏰ Slow approach: {time.time() - start:.2f} seconds")

# Fast way (Ray Data optimized!)
start = time.time()
result_fast = ds.map_batches(lambda batch: {"x": [x * 2 for x in batch["x"]]})
print(f" Fast approach: {time.time() - start:.2f} seconds")
