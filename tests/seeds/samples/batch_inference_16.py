# Find optimal batch size through experimentation
for batch_size in [16, 32, 64, 128, 256]:
    try:
        results = dataset.map_batches(
            OptimizedInference,
            batch_size=batch_size,
            num_gpus=1
        )
        throughput = measure_throughput(results)
        print(f"Batch size {batch_size}: {throughput:.1f} imgs/sec")
    except Exception as e:
        print(f"Batch size {batch_size}: OOM error")
        break
