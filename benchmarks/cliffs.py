"""Are there sizes to avoid?

Round trips just below and above every known threshold: of Connection, of pipe and socket buffers, of TCP segments.

Read the summary: it names each step by a factor of three or more between neighbouring sizes.

    python benchmarks/cliffs.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "cliffs", *sys.argv[1:]])
