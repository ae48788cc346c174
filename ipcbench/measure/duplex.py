"""Both ends of a duplex multiprocessing.Pipe, one kept by each side."""

from __future__ import annotations

from multiprocessing.connection import Connection

from ipcbench.measure.ports import Channel, PortSettings, Side


class DuplexPipe(Channel):
    """A Pipe(); after connect, `end` is this process's own."""

    end: Connection

    def __init__(self, settings: PortSettings) -> None:
        self.ends = settings.context.Pipe()

    def connect(self, side: Side) -> None:
        self.end, other = self.ends if side == "driver" else reversed(self.ends)
        other.close()  # a copy left open would keep EOF from ever arriving

    def close(self) -> None:
        for end in self.ends:
            end.close()
