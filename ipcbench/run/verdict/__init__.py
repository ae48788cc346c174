"""Decide whether to believe a visit: its report, the proof that every byte moved, and plausible numbers."""
