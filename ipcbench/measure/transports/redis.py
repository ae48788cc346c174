"""A redis-server of the visit's own and clients of it by redis-py."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Any

from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.external_server import Server

_CALL, _ANSWER = b"PING\r\n", b"+PONG\r\n"


class RedisServer(Server):
    """On a UNIX socket and no port, with nothing written to disk."""

    program = "redis-server"

    @property
    def path(self) -> str:
        """Its socket."""
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
    """LPUSH to send and BRPOP to receive; a semaphore keeps senders from being more than a window ahead."""

    def __init__(self, settings: PortSettings) -> None:
        self.path = RedisServer.of(settings).path
        self.key = settings.new_name()
        self.free = settings.context.Semaphore(settings.window)
        self.client: Any = None

    def connect(self, side: Side) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        never = Retry(NoBackoff(), 0)  # an LPUSH that is tried again may arrive twice
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
