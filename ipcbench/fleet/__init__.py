"""Measure on many hosts at once: each visit is a task of a Dask cluster with one worker per host."""
