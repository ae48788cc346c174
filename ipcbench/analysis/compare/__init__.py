"""How results differ, with intervals and verdicts."""
