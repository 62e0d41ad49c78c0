# Read images as numpy arrays
ds = ray.data.read_images("s3://bucket/images/", mode="RGB", size=(224, 224))

# With include_paths for metadata
ds = ray.data.read_images(path, include_paths=True)
# Schema: {image: numpy.ndarray, path: string}
