# Fixed pool
compute=ray.data.ActorPoolStrategy(size=4)

# Autoscaling pool
compute=ray.data.ActorPoolStrategy(min_size=1, max_size=8)
