"""Pairs of nng sockets by pynng."""

from __future__ import annotations

from typing import Any

from ipcbench.measure.transports.bind_and_dial import MeetingChannel

_closed: list[Any] = []  # let go of, a socket would start the library again that its exit function has ended


class Pair0(MeetingChannel):
    """A PAIR0 socket on either side, with room for a window on each."""

    def open(self) -> None:
        """Make this process's socket."""
        import pynng

        self.socket = pynng.Pair0(send_buffer_size=self.window, recv_buffer_size=self.window)

    def bind(self, address: str) -> str:
        self.open()
        listener = self.socket.listen(address)
        return address if address.startswith("ipc:") else f"tcp://{listener.local_address}"

    def dial(self, address: str) -> None:
        self.open()
        self.socket.dial(address, block=True)

    def close(self) -> None:
        if self.socket is not None:
            _closed.append(self.socket)
        super().close()
