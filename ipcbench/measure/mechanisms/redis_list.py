"""A list in a redis-server as a queue: LPUSH and BRPOP of bytes, through redis-py over a UNIX socket.

The visit starts its own redis-server, which listens only to a socket in the visit's folder and writes nothing to disk.
A message crosses two sockets and is stored in between; each call is a request and an answer, so sending returns once
the server has the message. A list has no bound: a semaphore outside redis keeps one window in flight. Many processes
may send and receive; BRPOP serves the receiver that has waited longest.
Source: https://redis.io/commands/brpop, https://redis.readthedocs.io.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.external_server import Server

_CALL, _ANSWER = b"PING\r\n", b"+PONG\r\n"


class RedisServer(Server):
    """A server on a UNIX socket, without a port, that writes nothing to disk."""

    program = "redis-server"

    @property
    def path(self) -> str:
        """The path of the server's socket."""
        return os.path.join(self.folder, "s")

    def arguments(self) -> Sequence[str]:
        return (
            *("--port", "0", "--unixsocket", self.path, "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
        )

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(self.path)
            client.sendall(_CALL)
            return client.recv(len(_ANSWER)) == _ANSWER


class RedisList(Channel):
    """LPUSH to send and BRPOP to receive; a semaphore keeps at most one window in flight."""

    def __init__(self, settings: PortSettings) -> None:
        self.path = RedisServer.of(settings).path
        self.key = settings.new_name()
        self.free = settings.context.Semaphore(settings.window)
        self.client: Any = None

    def connect(self, side: Side) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        never = Retry(NoBackoff(), 0)  # a repeated LPUSH could arrive twice
        self.client = redis.Redis(unix_socket_path=self.path, socket_timeout=None, retry=never)
        self.client.ping()

    def sender(self) -> Send:
        wait, push, key = self.free.acquire, self.client.lpush, self.key

        def send(payload: Any) -> None:
            wait()
            push(key, payload)

        return send

    def receiver(self) -> Receive:
        pop, key, post = self.client.brpop, self.key, self.free.release

        def receive() -> Any:
            _, payload = pop(key, 0)
            post()
            return payload

        return receive

    def close(self) -> None:
        if self.client is not None:
            self.client.close()
            self.client = None


MECHANISM = Mechanism(
    name="redis-list",
    title="Redis list, LPUSH and BRPOP, redis-py",
    short="Redis list",
    family="queues",
    requires=("redis",),
    extra="redis",
    licence="MIT",
    needs_server="redis-server",
    carries="bytes",
    bounded_by="messages",
    channel=RedisList,
    senders="many",
    receivers="many",
    copies=8,
    dead_peer="nothing",
    background_processes=1,
    systems=("linux", "darwin"),
    caveats=(
        "a message is lost if its receiver dies: BLMOVE keeps it until it is processed",
        "the list itself has no bound: a fast sender fills the server's memory",
        "redis-py ends a blocking call after 5 s unless socket_timeout is None, and repeats failed calls",
    ),
)
