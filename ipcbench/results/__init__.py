"""The results file: its types, reading and writing, and its tables."""
