"""NATS, a broker: publish and subscribe of bytes, through nats-py over TCP on loopback.

The visit starts its own nats-server. NATS drops messages for which a slow receiver has no room, and messages without a
subscriber. So the receiver subscribes before anything is sent, and a semaphore outside NATS keeps one window in flight.
Many processes may send. Several receivers would form a queue group, in which NATS picks a receiver at random, even one
that has had its last message: so only one receiver is allowed. Sending publishes and flushes, and returns once the
server has the message. Each call is a run_until_complete(), as in `asyncio-unix`. The limit of a payload is raised from
1 MiB to 16 MiB. Source: https://docs.nats.io, https://nats-io.github.io/nats.py.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from multiprocessing.process import current_process
from typing import TYPE_CHECKING, Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.external_server import Server

if TYPE_CHECKING:
    import asyncio

LARGEST = 16 * 2**20  # bytes of a message; the server's default limit is 1 MiB, its highest 64 MiB
_MOST_PENDING = 8 * LARGEST  # more than a window of messages, since the server disconnects a client beyond this
_LOOPBACK = "127.0.0.1"
_CONFIGURATION = "conf"
_GREETING = b"INFO "


def _token() -> str:
    """Return a secret that only the processes of this visit know."""
    return current_process().authkey.hex()


class NatsServer(Server):
    """A server on a loopback port that the system chooses; it has no UNIX sockets, and writes the port to a file."""

    program = "nats-server"
    address: tuple[str, int]

    def arguments(self) -> Sequence[str]:
        limits = {"max_payload": LARGEST, "max_pending": _MOST_PENDING, "authorization": {"token": _token()}}
        (self.folder / _CONFIGURATION).write_text(json.dumps(limits))
        return ("-c", _CONFIGURATION, "-a", _LOOPBACK, "-p", "-1", "--ports_file_dir", str(self.folder))

    def answers(self) -> bool:
        try:
            (url,) = json.loads((self.folder / f"{self.program}_{self.pid}.ports").read_text())["nats"]
        except ValueError:  # the file is incomplete
            return False
        self.address = (_LOOPBACK, int(url.rpartition(":")[2]))
        with socket.create_connection(self.address, 1) as client:
            return client.recv(len(_GREETING)) == _GREETING


class NatsSubject(Channel):
    """A subject with one subscriber; a semaphore keeps one window in flight."""

    def __init__(self, settings: PortSettings) -> None:
        self.server = "nats://{}:{}".format(*NatsServer.of(settings).address)
        self.subject = settings.new_name()
        self.free = settings.context.Semaphore(settings.window)
        self.runner: asyncio.Runner | None = None

    def connect(self, side: Side) -> None:
        import asyncio  # not at the top: the import takes 40 ms

        import nats

        self.runner = asyncio.Runner()
        self.run = self.runner.get_loop().run_until_complete
        self.client: Any = self.run(nats.connect(self.server, allow_reconnect=False, token=_token()))

    def sender(self) -> Send:
        from nats.errors import MaxPayloadError

        run, publish, flush, subject, wait = self.run, self.client.publish, self.client.flush, self.subject, self.free

        async def send_one(payload: Any) -> None:
            await publish(subject, payload)
            await flush()  # the client writes the rest only while the event loop runs

        def send(payload: Any) -> None:
            wait.acquire()
            try:
                run(send_one(payload))
            except MaxPayloadError as error:
                raise ValueError(f"{len(payload)} bytes are more than the server accepts") from error

        return send

    def receiver(self) -> Receive:
        run, post = self.run, self.free.release
        self.subscription = subscription = run(self.client.subscribe(self.subject))
        run(self.client.flush())  # until the server has the subscription, it drops messages

        def receive() -> bytes:
            message = run(subscription.next_msg(None))
            post()
            data: bytes = message.data
            return data

        return receive

    def close(self) -> None:
        runner, self.runner = self.runner, None
        if runner:
            self.run(self.client.close())
            runner.close()  # also cancels tasks that the client did not await


MECHANISM = Mechanism(
    name="nats",
    title="NATS, publish and subscribe, nats-py",
    short="NATS",
    family="queues",
    requires=("nats",),
    extra="nats",
    licence="Apache-2.0",
    needs_server="nats-server",
    carries="bytes",
    bounded_by="messages",
    channel=NatsSubject,
    senders="many",
    ordering="per sender",
    largest=LARGEST,
    background_processes=1,
    caveats=(
        "drops messages for slow or absent receivers: to be sure of delivery use JetStream or your own bound",
        "every call enters and leaves the event loop; a program inside the loop pays no such cost",
        "a queue group assigns messages to receivers at random, even to busy ones",
    ),
)
