# Materialize and print detailed stats
materialized = ds.materialize()
print(materialized.stats())
