"""What to run: names to things, suites as data, a selection to a plan."""
