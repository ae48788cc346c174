"""NATS, a broker: publish and subscribe of bytes, by nats-py over TCP on loopback.

The visit starts a nats-server of its own. NATS drops what a slow receiver has no room for, and sends to nobody if none
has subscribed: the receiver subscribes before anything is sent, and a semaphore, beside NATS, keeps a window in flight.
Many may send. Several receivers would be a queue group, which chooses one at random, also one that has had its last
message: there are none here. Sending publishes and flushes, and so returns once the server has it; each call is a
run_until_complete(), as with `asyncio-unix`. The limit of a payload is raised from 1 MiB to 16. Source:
https://docs.nats.io, https://nats-io.github.io/nats.py.
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
from ipcbench.measure.transports.external_server import Server

if TYPE_CHECKING:
    import asyncio

LARGEST = 16 * 2**20  # bytes of a message; the server's own limit is 1 MiB, and the most it can be set to 64
_MOST_PENDING = 8 * LARGEST  # more than a window of messages, since a client that is so far behind is thrown out
_LOOPBACK = "127.0.0.1"
_CONFIGURATION = "conf"
_GREETING = b"INFO "


def _token() -> str:
    """What all processes of this visit know and nobody else."""
    return current_process().authkey.hex()


class NatsServer(Server):
    """On a port of loopback that the system chooses, as it has no UNIX sockets; it says which in a file."""

    program = "nats-server"
    address: tuple[str, int]

    def arguments(self) -> Sequence[str]:
        limits = {"max_payload": LARGEST, "max_pending": _MOST_PENDING, "authorization": {"token": _token()}}
        (self.folder / _CONFIGURATION).write_text(json.dumps(limits))
        return ("-c", _CONFIGURATION, "-a", _LOOPBACK, "-p", "-1", "--ports_file_dir", str(self.folder))

    def answers(self) -> bool:
        try:
            (url,) = json.loads((self.folder / f"{self.program}_{self.pid}.ports").read_text())["nats"]
        except ValueError:  # not written to its end
            return False
        self.address = (_LOOPBACK, int(url.rpartition(":")[2]))
        with socket.create_connection(self.address, 1) as client:
            return client.recv(len(_GREETING)) == _GREETING


class NatsSubject(Channel):
    """A subject to which one process has subscribed; a semaphore keeps a window in flight."""

    def __init__(self, settings: PortSettings) -> None:
        self.server = "nats://{}:{}".format(*NatsServer.of(settings).address)
        self.subject = settings.new_name()
        self.free = settings.context.Semaphore(settings.window)
        self.runner: asyncio.Runner | None = None

    def connect(self, side: Side) -> None:
        import asyncio  # takes 40 ms, which only those who use it should pay

        import nats

        self.runner = asyncio.Runner()
        self.run = self.runner.get_loop().run_until_complete
        self.client: Any = self.run(nats.connect(self.server, allow_reconnect=False, token=_token()))

    def sender(self) -> Send:
        from nats.errors import MaxPayloadError

        run, publish, flush, subject, wait = self.run, self.client.publish, self.client.flush, self.subject, self.free

        async def send_one(payload: Any) -> None:
            await publish(subject, payload)
            await flush()  # what is left in the client moves only while the loop runs

        def send(payload: Any) -> None:
            wait.acquire()
            try:
                run(send_one(payload))
            except MaxPayloadError as error:
                raise ValueError(f"{len(payload)} bytes are more than the server takes") from error

        return send

    def receiver(self) -> Receive:
        run, post = self.run, self.free.release
        self.subscription = subscription = run(self.client.subscribe(self.subject))
        run(self.client.flush())  # until the server knows of it, messages go to nobody

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
            runner.close()  # with the tasks that the client has not waited for


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
        "drops messages for who is slow or not there: what must arrive needs JetStream, or a bound of yours",
        "every call enters and leaves the event loop; a program that lives in one does not",
        "a queue group of receivers shares messages out at random, also to who is busy",
    ),
)
