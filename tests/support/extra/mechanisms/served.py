"""A socket to a server that passes on messages; tests put the server on PATH, see test_servers.py."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.external_server import Server

LENGTH = 8


class FakeServer(Server):
    program = "fake-server"

    @property
    def path(self) -> str:
        return os.path.join(self.folder, "s")

    def arguments(self) -> Sequence[str]:
        return (self.path,)

    def answers(self) -> bool:
        with call(self.path, "ping") as client:
            return client.recv(1) == b"!"


def call(path: str, *words: str) -> socket.socket:
    """Return a connection to the server that has told it its purpose."""
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(path)
        client.sendall(" ".join(words).encode().ljust(100))
    except OSError:
        client.close()
        raise
    return client


class ServedChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.path = FakeServer.of(settings).path
        self.name = settings.new_name()
        self.held: list[socket.socket] = []

    def connect(self, side: Side) -> None:
        pass  # the first call of sender() or receiver() shows which end this is

    def end(self, what: str) -> socket.socket:
        self.held.append(call(self.path, what, self.name))
        return self.held[-1]

    def sender(self) -> Send:
        end = self.end("from")
        return lambda payload: end.sendall(len(payload).to_bytes(LENGTH, "little") + payload)

    def receiver(self) -> Receive:
        file = self.end("to").makefile("rb")
        self.held.append(file)  # type: ignore[arg-type]  # it has close(), too

        def receive() -> bytes:
            head = file.read(LENGTH)
            if len(head) < LENGTH:
                raise EOFError
            return file.read(int.from_bytes(head, "little"))

        return receive

    def close(self) -> None:
        while self.held:
            self.held.pop().close()


MECHANISM = Mechanism(
    name="served",
    title="A socket by way of a server",
    short="Served",
    family="sockets",
    needs_server="fake-server",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=ServedChannel,
    background_processes=1,
)
