def expert_performance_diagnosis():
    """Advanced performance diagnosis based on codebase insights."""

    # Check for materialization operators in pipeline
    execution_plan = ds.execution_plan()
    if "AllToAllOperator" in str(execution_plan):
        print("WARNING: AllToAllOperator detected - will cause materialization")
        print("Consider redesigning to avoid sort(), repartition(), random_shuffle()")

    # Check for resource contention
    cluster_resources = ray.cluster_resources()
    available_resources = ray.available_resources()

    cpu_utilization = 1 - (available_resources.get("CPU", 0) / cluster_resources.get("CPU", 1))
    gpu_utilization = 1 - (available_resources.get("GPU", 0) / cluster_resources.get("GPU", 1))

    if cpu_utilization > 0.9:
        print("HIGH CPU UTILIZATION: Consider reducing concurrency or adding nodes")
    if gpu_utilization > 0.9:
        print("HIGH GPU UTILIZATION: Consider optimizing batch sizes or adding GPUs")

    # Check object store pressure
    object_stats = ray.object_store_stats()
    if object_stats["used_bytes"] / object_stats["total_bytes"] > 0.8:
        print("OBJECT STORE PRESSURE: Reduce block sizes or enable streaming")
