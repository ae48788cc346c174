"""Message queues of the kernel, which outlive every process and appear in no folder.

A file in the visit's folder records each queue, from before its creation until after its removal. Cleaning up after a
killed visit finds the queues by these files (run.containment.kernel_objects).
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

LARGEST = 8192  # bytes; defaults of fs.mqueue.msgsize_max and kernel.msgmax on Linux


class KernelQueue(Channel):
    """A channel over one kernel queue; subclasses make, open and remove it by its key.

    limits: what the machine must allow, in words, for the error if the queue cannot be made.
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
        """The library, imported at its first use."""
        return importlib.import_module(self.package)

    def choose_key(self, settings: PortSettings) -> str:
        """Return the key that names the queue to the kernel; by default a new name of the visit."""
        return settings.new_name()

    @abstractmethod
    def make(self) -> Any:
        """Make the queue; raises OSError, or ValueError if the machine's limits are too low."""

    @abstractmethod
    def open(self) -> Any:
        """Open the queue, in a process that did not inherit it."""

    @abstractmethod
    def remove(self) -> None:
        """Remove the queue from the system."""

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
            return take()[0]  # [1] is the priority or type of the message

        return receive

    def destroy(self) -> None:
        self.remove()
        os.unlink(self.record)


KERNEL_QUEUE = Mechanism(  # the facts that its mechanisms share
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
