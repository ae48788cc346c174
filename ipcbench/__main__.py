"""`python -m ipcbench`: the command `ipcbench`, in a folder that may hold a queue.py or a random.py of the user's."""

import os
import sys

from ipcbench import __path__

if __name__ == "__main__":
    if sys.path[0] in ("", os.getcwd()):
        del sys.path[0]  # -m puts the current folder first, before the standard library
    sys.path += [os.path.dirname(path) for path in __path__]  # last, for processes to come that import ipcbench

    from ipcbench.cli import main

    main()
