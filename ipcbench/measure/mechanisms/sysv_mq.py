"""A System V message queue through sysv_ipc: send() and receive() of bytes, kept separate and in order by the kernel.

Linux allows 16 KiB in a queue and 8,192 bytes in a message unless the administrator raises kernel.msgmnb and msgmax. A
queue has a number, and remains with its messages until it is removed.
Source: sysvipc(7), https://github.com/osvenskan/sysv_ipc.
"""

import os
from typing import Any

from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.names import SYSV_QUEUE
from ipcbench.measure.transports.kernel_queue import KERNEL_QUEUE, LARGEST, KernelQueue


class SysvQueueChannel(KernelQueue):
    package = "sysv_ipc"
    suffix = SYSV_QUEUE

    def choose_key(self, settings: PortSettings) -> str:
        return str(1 + int.from_bytes(os.urandom(4), "little") % (2**31 - 1))

    def make(self) -> Any:
        return self.library.MessageQueue(int(self.key), self.library.IPC_CREX, max_message_size=LARGEST)

    def open(self) -> Any:
        return self.library.MessageQueue(int(self.key), max_message_size=LARGEST)

    def remove(self) -> None:
        self.open().remove()


MECHANISM = KERNEL_QUEUE._replace(
    name="sysv-mq",
    title="System V message queue, sysv_ipc",
    short="SysV mq",
    requires=("sysv_ipc",),
    extra="sysv-ipc",
    channel=SysvQueueChannel,
    caveats=(
        "16 KiB in a queue and 8,192 B in a message unless kernel.msgmnb and msgmax are raised",
        "the queue and its messages remain after a crash, until removed",
    ),
)
