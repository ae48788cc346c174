"""Controls: channels that end where they begin, so that what a transport adds can be seen.

Sending keeps one message, receiving hands it out; both are in the driver, and no peer is started.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from ipcbench.measure.ports import Channel, PortSettings, Receive, Send


class Alone(Channel):
    """A channel to oneself; a mechanism says what a message becomes on the way, and how it comes back from that."""

    def __init__(self, settings: PortSettings) -> None:
        self.held: list[Any] = [None]

    @abstractmethod
    def pack(self) -> Callable[[Any], Any]:
        """The callable that makes a message into what is held."""

    @abstractmethod
    def unpack(self) -> Callable[[Any], Any]:
        """The callable that makes a message of what is held."""

    def sender(self) -> Send:
        held, pack = self.held, self.pack()

        def send(message: Any) -> None:
            held[0] = pack(message)

        return send

    def receiver(self) -> Receive:
        held, unpack = self.held, self.unpack()

        def receive() -> Any:
            return unpack(held[0])

        return receive
