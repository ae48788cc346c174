"""Channels of libraries that bind and dial: the driver's side binds and sends its address to the peer's side.

Each process makes its socket in connect(), after the last fork.
"""

from __future__ import annotations

import contextlib
import os
from abc import abstractmethod
from typing import Any

from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings

LOOPBACK = "tcp://127.0.0.1"
_IPC = "ipc://"


def ipc_address(settings: PortSettings) -> str:
    """Return the address of a new UNIX socket of the visit, in the form that these libraries use."""
    return f"{_IPC}{settings.new_path()}"


def remove_file(address: str) -> None:
    """Remove the file of a closed UNIX socket, if it still exists."""
    if address.startswith(_IPC):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address.removeprefix(_IPC))


class BindAndDialChannel(Channel):
    """A channel over two sockets of a library; subclasses provide bind and dial."""

    def __init__(self, settings: PortSettings) -> None:
        self.window = settings.window
        self.address = self.choose_address(settings)
        self.heard, self.tell = settings.context.Pipe(duplex=False)
        self.socket: Any = None

    def choose_address(self, settings: PortSettings) -> str:
        """Return the address to bind to; by default a UNIX socket of the visit."""
        return ipc_address(settings)

    @abstractmethod
    def bind(self, address: str) -> str:
        """Make this process's socket and bind it; return the address to dial."""

    @abstractmethod
    def dial(self, address: str) -> None:
        """Make this process's socket and connect it."""

    def connect(self, side: Side) -> None:
        if side == "driver":
            self.tell.send(self.bind(self.address))
        else:
            self.tell.close()  # an open copy would prevent end of file
            self.dial(self.heard.recv())
        self.heard.close()
        self.tell.close()

    def sender(self) -> Send:
        send: Send = self.socket.send
        return send

    def receiver(self) -> Receive:
        receive: Receive = self.socket.recv
        return receive

    def close(self) -> None:
        self.heard.close()
        self.tell.close()
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def destroy(self) -> None:
        remove_file(self.address)
