"""Measuring on many hosts at once: the same visits, each a task of a Dask cluster with one worker per host."""
