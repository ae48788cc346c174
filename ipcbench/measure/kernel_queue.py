"""Message queues of the kernel, which outlive every process and stand in no folder of names.

A file in the visit's folder says of each that it may exist, from before it does until after it does not: by these,
whoever sweeps up after a killed visit finds them (run.queues).
"""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import Any

from ipcbench.measure.ports import Channel, PortSettings, Receive, Send, Side

LARGEST = 8192  # fs.mqueue.msgsize_max and kernel.msgmax as Linux gives them


class KernelQueue(Channel):
    """A mechanism says how a queue is made, opened and removed by its key, and its library the rest."""

    suffix: str

    def __init__(self, settings: PortSettings) -> None:
        self.key = self.choose_key(settings)
        self.record = os.path.join(settings.folder, f"{settings.new_name()}{self.suffix}{self.key}")
        with open(self.record, "x"):
            pass
        try:
            self.queue: Any = self.make()
        except BaseException:
            os.unlink(self.record)
            raise

    def choose_key(self, settings: PortSettings) -> str:
        """What names the queue to the kernel: a name of the visit's, unless a mechanism says otherwise."""
        return settings.new_name()

    @abstractmethod
    def make(self) -> Any:
        """Make the queue; raises OSError, or NotOffered where the machine's limits are lower than usual."""

    @abstractmethod
    def open(self) -> Any:
        """The queue, in a process that did not inherit it."""

    @abstractmethod
    def remove(self) -> None:
        """Take the queue away."""

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"queue": None}

    def connect(self, side: Side) -> None:
        if self.queue is None:
            self.queue = self.open()

    def sender(self) -> Send:
        send: Send = self.queue.send
        return send

    def receiver(self) -> Receive:
        take = self.queue.receive

        def receive() -> Any:
            return take()[0]  # beside the message comes its priority or type

        return receive

    def destroy(self) -> None:
        self.remove()
        os.unlink(self.record)
