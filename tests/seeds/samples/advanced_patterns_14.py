# âœ… EXPERT: Understand RefBundle ownership for memory optimization
def memory_ownership_optimization():
    """Optimize based on RefBundle ownership semantics."""

    # When designing custom transforms, consider memory ownership
    def memory_aware_transform(batch):
        """Transform that considers memory ownership."""

        # For read-only operations: Use zero-copy when possible
        if operation_is_readonly():
            # Don't modify batch in-place to enable zero-copy
            result = create_new_batch(batch)  # Create new batch
        else:
            # For modifications: Batch is copied anyway
            batch["new_column"] = compute_values(batch)
            result = batch

        return result
