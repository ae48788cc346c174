"""The results file: its types, how it is written and read, and how it becomes a table."""
