"""Apache Arrow in shared memory, by pyarrow: each message is the IPC stream of a record batch, read in place.

A ring of slots with two semaphores, as `shared-memory-view`. Sending makes the payload a column, without a copy, and
writes schema, batch and end into a slot; receiving opens the stream there, and what it returns is the column's own
memory in the slot, good until the next receive. It reads one byte of every page, or else messages of any size would
take the same time. Plasma, Arrow's own store of such objects, no longer exists. Source: https://arrow.apache.org/docs/python/ipc.html.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.arrow import ArrowRing

MECHANISM = Mechanism(
    name="arrow-shared-memory",
    title="Arrow record batches in SharedMemory, pyarrow",
    short="Arrow ShMem",
    family="shared memory",
    requires=("pyarrow",),
    extra="arrow",
    licence="Apache-2.0",
    carries="bytes",
    bounded_by="slots",
    copies=1,
    shared_memory=True,
    channel=ArrowRing,
    caveats=(
        "the receiver borrows a batch until the next one: to keep it is a copy",
        "a stream says its schema for each message; pays for tables, and not for a few bytes",
        "one sender and one receiver, signalled by two semaphores",
    ),
)
