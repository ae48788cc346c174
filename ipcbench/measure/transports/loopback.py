"""Controls: channels that return each message to its sender, to show what remains without any transport.

Sending keeps one message and receiving returns it; both happen in the driver, without a peer. Each control spells out
its send and receive, because one more call would be a large part of what it measures.
"""

from __future__ import annotations

from typing import Any

from ipcbench.measure.api.ports import Channel
from ipcbench.measure.api.settings import PortSettings


class Loopback(Channel):
    """A channel from the driver to itself; held[0] is the message in transit."""

    def __init__(self, settings: PortSettings) -> None:
        self.held: list[Any] = [None]
