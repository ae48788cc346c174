"""What runs inside a visit: the standard library and pyperf, nothing heavier."""
