"""Adds the mechanisms and patterns of this folder to ipcbench's own, in every process that has it on PYTHONPATH.

That is how a real visit, with its worker and peers, is given something broken on purpose. The first process that finds
IPCBENCH_TEST_CRASH gets a broken file system besides, see crash.py; all that find IPCBENCH_TEST_FORERUNNER get what
comes closest to the interpreters of Python 3.14, see interpreters_313.py, which is then on the path too, and all that
find IPCBENCH_TEST_LOADS_FAULTS can load what fails on request, see tests/support/faults.
"""

import os
from pathlib import Path

from ipcbench.measure import mechanisms, patterns

mechanisms.__path__.append(str(Path(__file__).parent / "mechanisms"))
patterns.__path__.append(str(Path(__file__).parent / "patterns"))

if "IPCBENCH_TEST_CRASH" in os.environ:
    from crash import install

    install(os.environ.pop("IPCBENCH_TEST_CRASH"), os.environ.pop("IPCBENCH_TEST_ACKNOWLEDGED", None))

if "IPCBENCH_TEST_FORERUNNER" in os.environ:
    import interpreters_313

    interpreters_313.install()

if "IPCBENCH_TEST_LOADS_FAULTS" in os.environ:
    from faults import loading

    loading.install()
