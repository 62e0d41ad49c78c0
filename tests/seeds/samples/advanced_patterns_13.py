# âœ… EXPERT: Design operations to maximize automatic fusion
def fusion_optimized_design():
    """Design operations to encourage automatic operator fusion."""

    # Operations that fuse well together
    fused_chain = ds \
        .map(extract_field) \          # OneToOneOperator
        .filter(lambda row: row["valid"]) \  # OneToOneOperator
        .map(transform_field) \        # OneToOneOperator
        .select_columns(["result"])    # OneToOneOperator
    # All these operations can be fused into a single execution stage

    # Check fusion in execution plan
    print(fused_chain.execution_plan())
