"""What to run: the catalog of names, the suites as data, and the plan for a selection."""
