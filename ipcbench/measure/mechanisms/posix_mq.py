"""A POSIX message queue by posix_ipc: send() and receive() of bytes, kept apart and in order by the kernel.

Linux allows 10 messages of 8,192 bytes unless the administrator raises fs.mqueue. A queue has a name, and stays with
what is in it until it is unlinked. Source: mq_overview(7), https://github.com/osvenskan/posix_ipc.
"""

from typing import Any

from ipcbench.errors import NotOffered
from ipcbench.measure.kernel_queue import LARGEST, KernelQueue
from ipcbench.measure.names import POSIX_QUEUE
from ipcbench.measure.ports import Mechanism

_MESSAGES = 10  # fs.mqueue.msg_max as Linux gives it


class PosixQueueChannel(KernelQueue):
    suffix = POSIX_QUEUE

    def make(self) -> Any:
        import posix_ipc

        try:
            return posix_ipc.MessageQueue(
                f"/{self.key}", posix_ipc.O_CREX, max_messages=_MESSAGES, max_message_size=LARGEST
            )
        except ValueError as error:
            raise NotOffered(f"fs.mqueue allows no {_MESSAGES} messages of {LARGEST:,} B") from error

    def open(self) -> Any:
        import posix_ipc

        return posix_ipc.MessageQueue(f"/{self.key}")

    def close(self) -> None:
        if self.queue is not None:
            self.queue.close()
            self.queue = None

    def remove(self) -> None:
        import posix_ipc

        posix_ipc.unlink_message_queue(f"/{self.key}")


MECHANISM = Mechanism(
    name="posix-mq",
    title="POSIX message queue, posix_ipc",
    short="POSIX mq",
    family="queues",
    requires=("posix_ipc",),
    extra="posix-ipc",
    licence="BSD-3-Clause",
    semaphores=False,
    carries="bytes",
    bounded_by="kernel",
    channel=PosixQueueChannel,
    senders="many",
    receivers="many",
    copies=2,
    largest=LARGEST,
    systems=("linux",),
    caveats=(
        "10 messages of 8,192 B unless fs.mqueue is raised",
        "the queue and what is in it stay after a crash, until unlinked",
    ),
)
