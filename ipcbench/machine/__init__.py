"""The machine: recorded facts, findings of doctor, and capabilities."""
