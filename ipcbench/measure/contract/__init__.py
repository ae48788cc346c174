"""Observe, with real processes, what a mechanism really does; ipcbench.testing judges it.

Run as `python -m ipcbench.measure.contract MECHANISM METHOD WHAT`, in a fresh process like any visit. It imports only
the standard library and gives no verdicts: another process, which the mechanism cannot affect, judges.
"""
