# Fusion-friendly: Compatible operations that can be combined
fused_pipeline = ds \
    .map(simple_transform) \
    .filter(lambda row: row["value"] > 0) \
    .map(another_simple_transform)  # These operations can be fused

# Check execution plan to see fusion
print(fused_pipeline.execution_plan())
