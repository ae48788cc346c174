"""Controls: channels that return each message to their sender, so that the cost of a transport can be told apart.

Sending keeps one message, receiving returns it; both happen in the driver, without a peer. Each control writes out its
send and receive in full, because one more call would be a large part of what it measures.
"""

from __future__ import annotations

from typing import Any

from ipcbench.measure.api.ports import Channel
from ipcbench.measure.api.settings import PortSettings


class Loopback(Channel):
    """A channel from the driver to itself; held[0] is the message in transit."""

    def __init__(self, settings: PortSettings) -> None:
        self.held: list[Any] = [None]
