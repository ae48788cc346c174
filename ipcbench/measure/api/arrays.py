"""Arrays over a channel of bytes: sent as a view of their bytes, received as an array over the bytes that arrive.

Users of such a channel write the same code, so it is part of every message. Nothing is pickled, and only the channel
copies. numpy is imported only in cases of arrays.
"""

from __future__ import annotations

from typing import Any

from ipcbench.measure.api.ports import Channel, Receive, Send, Side


class ArrayChannel(Channel):
    """A channel of float64 arrays over a channel of bytes."""

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
