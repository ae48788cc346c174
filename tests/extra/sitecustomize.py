"""Adds the mechanisms and patterns of this folder to ipcbench's own, in every process that has it on PYTHONPATH.

That is how a real visit, with its worker and peers, is given something broken on purpose.
"""

from pathlib import Path

from ipcbench.measure import mechanisms, patterns

mechanisms.__path__.append(str(Path(__file__).parent / "mechanisms"))
patterns.__path__.append(str(Path(__file__).parent / "patterns"))
