"""What a mechanism really does with real processes, observed for ipcbench.testing to judge.

Run as `python -m ipcbench.measure.contract MECHANISM METHOD WHAT`, in a fresh process as any visit is. Standard library
only, and no verdicts: whether what was seen is right is said elsewhere, in a process that nothing can have spoilt.
"""
