"""`python -m ipcbench`."""

from ipcbench.cli import main

if __name__ == "__main__":
    main()
