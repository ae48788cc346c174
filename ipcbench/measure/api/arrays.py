"""Arrays over a channel that carries bytes: sent as a view of their bytes, received as an array over what arrived.

This is what a user of such a channel writes, and part of every message: nothing is pickled and nothing copied beyond
what the channel itself copies. numpy is imported by the cases that have arrays, and by no other.
"""

from __future__ import annotations

from typing import Any

from ipcbench.measure.api.ports import Channel, Receive, Send, Side


class ArrayChannel(Channel):
    """A channel of float64 arrays over one of bytes."""

    def __init__(self, inner: Channel) -> None:
        self.inner = inner

    def connect(self, side: Side) -> None:
        self.inner.connect(side)

    def sender(self) -> Send:
        send = self.inner.sender()

        def send_array(array: Any) -> None:
            send(array.data.cast("B"))

        return send_array

    def receiver(self) -> Receive:
        from numpy import float64, frombuffer

        receive = self.inner.receiver()

        def receive_array() -> Any:
            return frombuffer(receive(), float64)

        return receive_array

    def close(self) -> None:
        self.inner.close()

    def destroy(self) -> None:
        self.inner.destroy()
