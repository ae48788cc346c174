"""LMDB, a database in a memory map: a ring of keys in one file, by py-lmdb; both sides look again and again.

A slot is a key. The sender waits until it is not there and puts the payload, the receiver waits until it is there,
reads it and deletes it: each message is two transactions that write, of which LMDB has one at a time, and looks that
read. Nothing wakes who waits, so both spin, and offer their CPU to others every 100 looks. Nothing is synced to disk.
Opened in each process after the last fork, as its documentation demands. Source: https://lmdb.readthedocs.io.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.lmdb import LmdbRing

MECHANISM = Mechanism(
    name="lmdb",
    title="LMDB, a ring of keys in a memory map, py-lmdb",
    short="LMDB",
    family="shared memory",
    requires=("lmdb",),
    extra="lmdb",
    licence="OLDAP-2.8",
    semaphores=False,
    carries="bytes",
    bounded_by="slots",
    channel=LmdbRing,
    wait="spin",
    copies=3,
    caveats=(
        "burns a CPU for as long as it waits: LMDB wakes nobody",
        "never use an environment in a child that was forked after it was opened",
        "writers take turns, whatever they write",
    ),
)
