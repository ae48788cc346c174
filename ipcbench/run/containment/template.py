"""A template: an interpreter that has imported what every visit needs, and is forked for each.

Started as `python -m ipcbench.run.containment.template DESCRIPTOR` by the warden, with the interpreter, the options and
the environment of the visits. The warden sends it one end of a connection for each visit. The template forks twice, so
that the warden adopts the second child, which becomes the custodian of the visit and forks the worker. No process of
these has a second thread.
"""

from __future__ import annotations

import os
import socket
import sys

from ipcbench.measure import worker
from ipcbench.run.containment.custody import take_custody


def serve(line: socket.socket) -> None:
    """Fork a custodian for each connection that comes, until the warden closes the line."""
    while True:
        data, descriptors, _, _ = socket.recv_fds(line, 1, 1)
        if not data:
            return
        (connection,) = descriptors
        if not os.fork():
            if not os.fork():
                line.close()
                take_custody(connection, "warden")
            os._exit(0)
        os.close(connection)
        os.wait()


if __name__ == "__main__":
    worker.prepare()
    serve(socket.socket(fileno=int(sys.argv[1])))
