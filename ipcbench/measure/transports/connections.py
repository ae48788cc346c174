"""Connections of multiprocessing: a Pipe, duplex or not, or with another codec, and that of a Listener and a Client."""

from __future__ import annotations

import os
from abc import abstractmethod
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Decode, Encode, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings


class DuplexPipe(Channel):
    """A Pipe(); after connect(), `end` is the end of this process."""

    end: Connection

    def __init__(self, settings: PortSettings) -> None:
        self.ends = settings.context.Pipe()

    def connect(self, side: Side) -> None:
        self.end, other = self.ends if side == "driver" else reversed(self.ends)
        other.close()  # an open copy would prevent end of file

    def close(self) -> None:
        for end in self.ends:
            end.close()


class CodecPipe(DuplexPipe):
    """A Pipe() for messages that a codec turns into bytes: encode and send_bytes(), recv_bytes() and decode."""

    @abstractmethod
    def codec(self) -> tuple[Encode, Decode]:
        """Return the functions of the codec."""

    def sender(self) -> Send:
        send_bytes, (encode, _) = self.end.send_bytes, self.codec()

        def send(message: Any) -> None:
            send_bytes(encode(message))

        return send

    def receiver(self) -> Receive:
        recv_bytes, (_, decode) = self.end.recv_bytes, self.codec()

        def receive() -> Any:
            return decode(recv_bytes())

        return receive


CODEC_PIPE = Mechanism(  # the facts that these pipes share
    name="codec-pipe",
    title="multiprocessing.Pipe, a codec",
    short="codec Pipe",
    family="pipes",
    semaphores=False,
    carries="objects",
    bounded_by="bytes",
    channel=CodecPipe,
    duplex=True,
    copies=5,
    dead_peer="end of file",
    caveats=("two users of one end corrupt the stream",),
)


class SimplexPipe(Channel):
    """A Pipe(duplex=False): an os.pipe() that can be sent to peers under every start method."""

    def __init__(self, settings: PortSettings) -> None:
        self.reader, self.writer = settings.context.Pipe(duplex=False)

    def write_end(self) -> Connection:
        """Return the end for sending, and close the other."""
        self.reader.close()
        return self.writer

    def read_end(self) -> Connection:
        """Return the end for receiving, and close the other."""
        self.writer.close()  # an open copy would prevent end of file
        return self.reader

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


class AcceptedConnection(Channel):
    """A connection that the driver's Listener accepts from the peer's Client, once both have proved to have the key.

    A Listener cannot be sent to another process, so the accepting process makes it and sends its address.
    """

    end: Connection

    def __init__(self, settings: PortSettings) -> None:
        self.address = self.choose_address(settings)
        self.authkey = os.urandom(32)
        self.heard, self.tell = settings.context.Pipe(duplex=False)
        self.held: list[Connection] = [self.heard, self.tell]

    @abstractmethod
    def choose_address(self, settings: PortSettings) -> str | tuple[str, int]:
        """Return the address that the listener binds to."""

    def connect(self, side: Side) -> None:
        if side == "driver":
            with Listener(self.address, authkey=self.authkey) as listener:
                self.tell.send(listener.address)
                self.end = listener.accept()
        else:
            self.tell.close()  # an open copy would prevent end of file
            self.end = Client(self.heard.recv(), authkey=self.authkey)
        self.close()
        self.held.append(self.end)

    def close(self) -> None:
        for held in self.held:
            held.close()
