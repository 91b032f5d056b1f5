"""The course around the notebooks: executing them, editions, web pages, the class exercise and its referee."""
