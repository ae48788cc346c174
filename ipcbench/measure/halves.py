"""The two halves of a visit between hosts, and the line on which they agree.

    client's host: driver ──control line (TCP, JSON)──▶ server's host: peer      go n, prove n, stop; laps and digests
                     └──────mechanism─────────────────────┘                      what is measured

Nothing that comes over this line is unpickled, and who is at its other end has proved to know the key of the visit.
Clocks of two hosts have nothing in common. So a stamp of the peer's is worth nothing to the driver: in its place stands
when the driver heard that the peer had ended its turn.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Sequence
from multiprocessing.connection import Client, Connection
from multiprocessing.process import current_process
from time import perf_counter
from typing import Any

from ipcbench.errors import PeerFailed
from ipcbench.measure.far import Meeting, halves
from ipcbench.measure.pattern import Lap
from ipcbench.measure.peers import JOIN_SECONDS, Order, Team, Usage, helper_usage, together
from ipcbench.measure.ports import Port

_LONGEST = 2**22  # bytes of one answer; the digests of a verification turn take some 1,100
_GONE = "the half on the other host has ended"


class Line:
    """One end of a control line between hosts; send and recv as of a Connection, in JSON."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        with socket.socket(fileno=os.dup(connection.fileno())) as end:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, obj: Any, /) -> None:
        """Say something; raises EOFError when the other half is gone."""
        try:
            self.connection.send_bytes(json.dumps(obj).encode())
        except ConnectionError as error:
            raise EOFError(_GONE) from error

    def recv(self) -> Any:
        """Wait for something; raises EOFError when the other half is gone."""
        try:
            return json.loads(self.connection.recv_bytes(_LONGEST))
        except (ConnectionError, ValueError) as error:
            raise EOFError(_GONE) from error

    def close(self) -> None:
        """Close this end."""
        self.connection.close()


class PeerLine(Line):
    """The server's end, as `peers.follow` uses it. helpers are processes whose work counts as the peer's."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.helpers: Sequence[int] = ()
        self._before = Usage()

    def recv(self) -> Order:
        order = Order(*super().recv())
        self._before = helper_usage(self.helpers)
        return order

    def send(self, obj: Any, /) -> None:
        if isinstance(obj, tuple):
            lap, used = obj
            obj = lap, together([used, helper_usage(self.helpers).since(self._before)])
        super().send(obj)

    def acknowledge(self) -> None:
        """Say that a timed turn has ended here."""
        super().send("over")


class FarTeam(Team):
    """The peer on the other host, from the driver's side; cpus are those that its processes were placed on."""

    def __init__(self, meeting: Meeting, ports: Sequence[Port]) -> None:
        """Call the other half, and learn where its half of each port is; raises PeerFailed."""
        meeting.share_key()
        try:
            self.line = Line(Client((meeting.host, meeting.port), authkey=current_process().authkey))
        except (EOFError, OSError) as error:
            raise PeerFailed(f"the half on the other host does not answer at port {meeting.port}: {error}") from error
        self.controls, self.processes = [], []
        offered, cpus = self._hear(0)
        self.cpus = [tuple(map(int, each)) for each in cpus]
        for port, address in zip(halves(ports), offered, strict=True):
            port.there = address

    def ready(self) -> list[int]:
        """Wait until the peer is connected. Its process id is negative, since a process here may have the same."""
        return [-int(self._hear(0))]

    def go(self, operations: int) -> None:
        self.line.send(Order("go", operations))

    def laps(self) -> tuple[list[Lap], Usage]:
        if self._hear(0) != "over":
            raise PeerFailed("the half on the other host does not say when a turn is over")
        ended = perf_counter()
        lap, used = self._hear(0)
        return [Lap(*lap)._replace(started=ended, ended=ended)], Usage(*used)

    def prove(self, nonce: int, operations: int, only: int | None = None) -> None:
        self.line.send(Order("prove", operations, nonce))

    def proved(self, only: int | None = None) -> list[list[str]]:
        return [list(map(str, self._hear(0)))]

    def stop(self) -> None:
        self.line.send(Order("stop"))
        with contextlib.suppress(EOFError):
            if not self.line.connection.poll(JOIN_SECONDS):
                raise PeerFailed("the half on the other host does not end when told to stop")
            self.line.recv()
        self.line.close()

    def abandon(self) -> None:
        """Hang up, which ends the other half."""
        self.line.close()

    def death_behind(self, error: Exception) -> Exception:
        if not isinstance(error, EOFError | ConnectionError):
            return error
        try:
            while True:
                self._hear(0)
        except PeerFailed as found:
            return found

    def _hear(self, i: int) -> Any:
        try:
            answer = self.line.recv()
        except (EOFError, OSError) as error:
            raise PeerFailed(_GONE) from error
        if isinstance(answer, str) and answer != "over":
            raise PeerFailed(f"the half on the other host raised {answer}")
        return answer
