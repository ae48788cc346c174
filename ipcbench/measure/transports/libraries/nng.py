"""Pairs of nng sockets, through pynng."""

from __future__ import annotations

from typing import Any

from ipcbench.measure.transports.libraries.bind_and_dial import BindAndDialChannel

_closed: list[Any] = []  # kept, because freeing a socket after the library's exit handler would restart the library


class Pair0(BindAndDialChannel):
    """A PAIR0 socket on each side, each with buffers for a window of messages."""

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
