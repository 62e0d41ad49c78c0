import time
import psutil

class PerformanceProfiler:
    """Profile Ray Data pipeline performance."""

    def profile_operation(self, batch, operation_func):
        """Profile individual operations."""

        start_time = time.time()
        start_memory = psutil.virtual_memory().used

        result = operation_func(batch)

        end_time = time.time()
        end_memory = psutil.virtual_memory().used

        metrics = {
            'duration': end_time - start_time,
            'memory_delta': (end_memory - start_memory) / (1024 * 1024),
            'throughput': len(batch) / (end_time - start_time)
        }

        return result, metrics
