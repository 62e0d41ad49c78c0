def explain_resource_allocation():
    """Explain Ray Data resource allocation patterns."""
    
    print("\n" + "="*60)
    print("RESOURCE ALLOCATION PATTERNS")
    print("="*60)
    
    cluster_resources = ray.cluster_resources()
    print(f"Available Cluster Resources:")
    for resource, amount in cluster_resources.items():
        print(f"  {resource}: {amount}")
    
    print(f"\nTask Scheduling Rules:")
    print(f"  • map_batches() creates one task per block")
    print(f"  • Each task requests specified resources (CPU/GPU)")
    print(f"  • Tasks wait in queue if resources unavailable")
    print(f"  • Higher concurrency ≠ better performance")
    
    print(f"\nGPU Allocation Best Practices:")
    print(f"  • Use num_gpus=1.0 for dedicated GPU per task")
    print(f"  • Use num_gpus=0.5 to share GPU between 2 tasks")
    print(f"  • Match concurrency to available GPUs")
    print(f"  • Avoid fractional GPU allocation unless memory-constrained")
    
    print(f"\nMemory Management:")
    print(f"  • Ray Data streams blocks through memory")
    print(f"  • Large batches use more memory but improve GPU utilization")
    print(f"  • Object store provides automatic memory management")
    
explain_resource_allocation()
