"""POSIX shared memory and named semaphores by posix_ipc: the ring of `shared-memory`, opened by name on both sides.

What multiprocessing wraps in SharedMemory and Semaphore, without its resource tracker: nobody removes the names of a
process that is killed. Source: shm_overview(7), sem_overview(7), https://github.com/osvenskan/posix_ipc.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.posix_shm import PosixRing

MECHANISM = Mechanism(
    name="posix-shm",
    title="POSIX shared memory and semaphores, posix_ipc",
    short="POSIX shm",
    family="shared memory",
    requires=("posix_ipc",),
    extra="posix-ipc",
    licence="BSD-3-Clause",
    carries="bytes",
    bounded_by="slots",
    channel=PosixRing,
    copies=2,
    shared_memory=True,
    systems=("linux",),
    caveats=(
        "one sender and one receiver, signalled by two semaphores",
        "its names stay after a crash, until unlinked",
    ),
)
