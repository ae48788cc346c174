"""Message queues of the kernel, which outlive every process and stand in no folder of names.

A file in the visit's folder says of each that it may exist, from before it does until after it does not: by these,
whoever sweeps up after a killed visit finds them (run.containment.kernel_objects).
"""

from __future__ import annotations

import importlib
import os
from abc import abstractmethod
from typing import Any

from ipcbench.errors import NotOffered
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings

LARGEST = 8192  # fs.mqueue.msgsize_max and kernel.msgmax as Linux gives them


class KernelQueue(Channel):
    """A mechanism says how a queue is made, opened and removed by its key, and its library the rest.

    limits is what the machine does not allow where the queue cannot be made for its settings.
    """

    package: str
    suffix: str
    limits: str = "such queue"

    def __init__(self, settings: PortSettings) -> None:
        self.key = self.choose_key(settings)
        self.record = os.path.join(settings.folder, f"{settings.new_name()}{self.suffix}{self.key}")
        with open(self.record, "x"):
            pass
        try:
            self.queue: Any = self.make()
        except ValueError as error:
            os.unlink(self.record)
            raise NotOffered(f"this machine allows no {self.limits}") from error
        except BaseException:
            os.unlink(self.record)
            raise

    @property
    def library(self) -> Any:
        """The package, imported where it is used."""
        return importlib.import_module(self.package)

    def choose_key(self, settings: PortSettings) -> str:
        """What names the queue to the kernel: a name of the visit's, unless a mechanism says otherwise."""
        return settings.new_name()

    @abstractmethod
    def make(self) -> Any:
        """Make the queue; raises OSError, or ValueError where the machine's limits are lower than usual."""

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


KERNEL_QUEUE = Mechanism(  # what its mechanisms have in common
    name="kernel-queue",
    title="message queue of the kernel",
    short="kernel queue",
    family="queues",
    licence="BSD-3-Clause",
    semaphores=False,
    carries="bytes",
    bounded_by="kernel",
    senders="many",
    receivers="many",
    copies=2,
    largest=LARGEST,
    systems=("linux",),
)
