"""A System V message queue by sysv_ipc: send() and receive() of bytes, kept apart and in order by the kernel.

Linux allows 16 KiB in a queue and 8,192 bytes in a message unless the administrator raises kernel.msgmnb and msgmax. A
queue has a number, and stays with what is in it until it is removed. Source: sysvipc(7),
https://github.com/osvenskan/sysv_ipc.
"""

import os
from typing import Any

from ipcbench.measure.kernel_queue import LARGEST, KernelQueue
from ipcbench.measure.names import SYSV_QUEUE
from ipcbench.measure.ports import Mechanism, PortSettings


class SysvQueueChannel(KernelQueue):
    suffix = SYSV_QUEUE

    def choose_key(self, settings: PortSettings) -> str:
        return str(1 + int.from_bytes(os.urandom(4), "little") % (2**31 - 1))

    def make(self) -> Any:
        import sysv_ipc

        return sysv_ipc.MessageQueue(int(self.key), sysv_ipc.IPC_CREX, max_message_size=LARGEST)

    def open(self) -> Any:
        import sysv_ipc

        return sysv_ipc.MessageQueue(int(self.key), max_message_size=LARGEST)

    def remove(self) -> None:
        self.open().remove()


MECHANISM = Mechanism(
    name="sysv-mq",
    title="System V message queue, sysv_ipc",
    short="SysV mq",
    family="queues",
    requires=("sysv_ipc",),
    extra="sysv-ipc",
    licence="BSD-3-Clause",
    semaphores=False,
    carries="bytes",
    bounded_by="kernel",
    channel=SysvQueueChannel,
    senders="many",
    receivers="many",
    copies=2,
    largest=LARGEST,
    systems=("linux",),
    caveats=(
        "16 KiB in a queue and 8,192 B in a message unless kernel.msgmnb and msgmax are raised",
        "the queue and what is in it stay after a crash, until removed",
    ),
)
