"""Batches on a cluster of dask: the back end ``dask``."""
