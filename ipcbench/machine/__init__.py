"""The machine: what is recorded of it, and what it cannot offer."""
