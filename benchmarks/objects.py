"""What does the content of a message cost?

Nested objects and numpy arrays, pickled by default, with their buffers out of band, copied as bytes, and shared.

Read where shared memory becomes cheaper than pickling: the summary says the size.

    python benchmarks/objects.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "objects", *sys.argv[1:]])
