"""A POSIX message queue through posix_ipc: send() and receive() of bytes, kept separate and in order by the kernel.

Linux allows 10 messages of 8,192 bytes unless the administrator raises fs.mqueue. A queue has a name, and remains with
its messages until it is unlinked. Source: mq_overview(7), https://github.com/osvenskan/posix_ipc.
"""

from typing import Any

from ipcbench.measure.process.names import POSIX_QUEUE
from ipcbench.measure.transports.kernel_queue import KERNEL_QUEUE, LARGEST, KernelQueue


class PosixQueueChannel(KernelQueue):
    package = "posix_ipc"
    suffix = POSIX_QUEUE
    limits = f"10 messages of {LARGEST:,} B in fs.mqueue"  # the defaults of Linux

    def make(self) -> Any:
        posix = self.library
        return posix.MessageQueue(f"/{self.key}", posix.O_CREX, max_messages=10, max_message_size=LARGEST)

    def open(self) -> Any:
        return self.library.MessageQueue(f"/{self.key}")

    def close(self) -> None:
        if self.queue is not None:
            self.queue.close()
            self.queue = None

    def remove(self) -> None:
        self.library.unlink_message_queue(f"/{self.key}")


MECHANISM = KERNEL_QUEUE._replace(
    name="posix-mq",
    title="POSIX message queue, posix_ipc",
    short="POSIX mq",
    requires=("posix_ipc",),
    extra="posix-ipc",
    channel=PosixQueueChannel,
    caveats=(
        "10 messages of 8,192 B unless fs.mqueue is raised",
        "the queue and its messages remain after a crash, until unlinked",
    ),
)
