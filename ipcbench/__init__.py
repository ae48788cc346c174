"""ipcbench: which way should my processes talk to each other?

Light on purpose: every measured process imports this package first.
"""

__version__ = "0.1.0"
