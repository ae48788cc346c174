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
from typing import NoReturn

from ipcbench.measure import worker
from ipcbench.run.containment.custody import take_custody


def serve(line: socket.socket) -> None:
    """Fork a custodian for each connection that comes, until the warden closes the line."""
    line.send(b"+")  # ready
    while True:
        data, descriptors, _, _ = socket.recv_fds(line, 1, 1)
        if not data:
            return
        (connection,) = descriptors
        try:
            if not os.fork():
                _fork_again(line, connection)
            os.wait()
        except OSError as error:
            _refuse(connection, error)
        os.close(connection)


def _fork_again(line: socket.socket, connection: int) -> NoReturn:
    """Leave a custodian without a parent, so that the warden adopts it."""
    try:
        if not os.fork():
            line.close()
            take_custody(connection, "warden")
    except OSError as error:
        _refuse(connection, error)
    os._exit(0)


def _refuse(connection: int, error: OSError) -> None:
    """Tell the warden why there is no custodian, where it expects a process id."""
    os.write(connection, b"-%d\n" % (error.errno or 0))


if __name__ == "__main__":
    worker.prepare()
    serve(socket.socket(fileno=int(sys.argv[1])))
