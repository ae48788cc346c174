"""Add the mechanisms and patterns of this folder to those of ipcbench, in every process with the folder on PYTHONPATH.

So a real visit, with its worker and peers, can use something that is broken on purpose. Environment variables do more:
IPCBENCH_TEST_CRASH breaks the file system of the first process that finds it, see crash.py. IPCBENCH_TEST_FORERUNNER
provides the closest there is to the interpreters of Python 3.14, see interpreters_313.py, which is then on the path
too. IPCBENCH_TEST_LOADS_FAULTS makes processes load mechanisms that fail on request, see tests/support/faults.
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
