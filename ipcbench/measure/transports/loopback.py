"""Controls: channels that end where they begin, so that what a transport adds can be seen.

Sending keeps one message, receiving hands it out; both are in the driver, and no peer is started. Each control writes
out its send and receive in full: a call more would be a good part of what it measures.
"""

from __future__ import annotations

from typing import Any

from ipcbench.measure.api.ports import Channel
from ipcbench.measure.api.settings import PortSettings


class Alone(Channel):
    """A channel to oneself: held[0] is what a message became on the way."""

    def __init__(self, settings: PortSettings) -> None:
        self.held: list[Any] = [None]
