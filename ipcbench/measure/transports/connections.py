"""Connections of multiprocessing: both ends of a Pipe, duplex or not, and the two ends of Listener and Client."""

from __future__ import annotations

import os
from abc import abstractmethod
from multiprocessing.connection import Client, Connection, Listener

from ipcbench.measure.api.ports import Channel, Side
from ipcbench.measure.api.settings import PortSettings


class DuplexPipe(Channel):
    """A Pipe(); after connect, `end` is this process's own."""

    end: Connection

    def __init__(self, settings: PortSettings) -> None:
        self.ends = settings.context.Pipe()

    def connect(self, side: Side) -> None:
        self.end, other = self.ends if side == "driver" else reversed(self.ends)
        other.close()  # a copy left open would keep EOF from ever arriving

    def close(self) -> None:
        for end in self.ends:
            end.close()


class SimplexPipe(Channel):
    """A Pipe(duplex=False), which is an os.pipe() that can travel to peers under every start method."""

    def __init__(self, settings: PortSettings) -> None:
        self.reader, self.writer = settings.context.Pipe(duplex=False)

    def write_end(self) -> Connection:
        """The end of a process that sends."""
        self.reader.close()
        return self.writer

    def read_end(self) -> Connection:
        """The end of a process that receives."""
        self.writer.close()  # a copy left open would keep EOF from ever arriving
        return self.reader

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


class AcceptedConnection(Channel):
    """What a Listener upstream accepts from a Client downstream, each of which has proved that it knows the key.

    A Listener cannot travel to the process that is to accept, so that process makes it, and tells the other one.
    """

    end: Connection

    def __init__(self, settings: PortSettings) -> None:
        self.address = self.choose_address(settings)
        self.authkey = os.urandom(32)
        self.heard, self.tell = settings.context.Pipe(duplex=False)
        self.held: list[Connection] = [self.heard, self.tell]

    @abstractmethod
    def choose_address(self, settings: PortSettings) -> str | tuple[str, int]:
        """What the listener binds to."""

    def connect(self, side: Side) -> None:
        if side == "driver":
            with Listener(self.address, authkey=self.authkey) as listener:
                self.tell.send(listener.address)
                self.end = listener.accept()
        else:
            self.tell.close()  # a copy left open would keep EOF from ever arriving
            self.end = Client(self.heard.recv(), authkey=self.authkey)
        self.close()
        self.held.append(self.end)

    def close(self) -> None:
        for held in self.held:
            held.close()
