"""Tensors by torch.multiprocessing: their bytes in shared memory, a file descriptor of it as the message.

Importing torch teaches multiprocessing's pickler to move a tensor to shared memory when it is first sent, and to send
only where it is. The receiver asks the sender for the file descriptor, through a socket of the sender's that a thread
serves, and both then use the same memory. A tensor that is sent again is not copied again, so a new one is sent each
time, as a program has one for each message. Source: torch/multiprocessing/reductions.py,
Lib/multiprocessing/resource_sharer.py.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import resource_sharer
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Send


def sender_of_new(send: Callable[[Any], object]) -> Send:
    """Return what sends a copy of a tensor, which is then not in shared memory yet; also of one inside a task."""
    from torch import Tensor

    def new(message: Any) -> Any:
        if isinstance(message, Tensor):
            return message.clone()
        return tuple(map(new, message)) if isinstance(message, tuple) else message

    def send_new(message: Any) -> None:
        send(new(message))

    return send_new


def stop_sharing() -> None:
    """End the thread that hands out file descriptors, once all tensors have been received; it may not have begun."""
    resource_sharer.stop(_LONGEST)


_LONGEST = 10.0  # seconds

TORCH = Mechanism(  # the facts that its mechanisms share
    name="torch",
    title="torch.multiprocessing",
    short="torch",
    family="shared memory",
    requires=("torch",),
    extra="torch",
    licence="BSD-3-Clause",
    carries="objects",
    payloads=("tensor",),
    smallest=8,
    bounded_by="bytes",
    copies=2,
    shared_memory=True,
    background_threads=1,
    caveats=(
        "both processes use the same memory: what one writes to a tensor, the other sees",
        "a sender must live until its tensors have been received, as the receiver asks it for each",
        "every tensor on its way takes a file descriptor, and four messages through a socket",
    ),
)
