"""MPI Send() and Recv() of bytes between two ranks on one host, by mpi4py over MPICH: a buffer, through shared memory.

Recv() fills a buffer that is reused, of which the receiver hands out a copy. Whoever waits looks again and again and
burns a CPU. Both ranks are processes of the visit, see measure.mpi. Source: https://mpi4py.readthedocs.io,
https://www.mpich.org.
"""

from ipcbench.measure.mpi import CAVEATS, MpiChannel, copied_out
from ipcbench.measure.ports import Mechanism, Receive, Send


class MpiBufferChannel(MpiChannel):
    def sender(self) -> Send:
        send, other = self.world.Send, self.other
        return lambda payload: send(payload, other)

    def receiver(self) -> Receive:
        return copied_out(self.world.Recv, self.other, self.size)


MECHANISM = Mechanism(
    name="mpi-buffer",
    title="MPI Send and Recv of a buffer, mpi4py with MPICH",
    short="MPI buffer",
    family="shared memory",
    requires=("mpi4py",),
    extra="mpi",
    licence="BSD-3-Clause AND LicenseRef-MPICH",
    semaphores=False,
    carries="bytes",
    bounded_by="receiver",
    channel=MpiBufferChannel,
    duplex=True,
    wait="spin",
    copies=3,
    only_patterns=("ping-pong", "stream", "exchange", "tail"),
    background_processes=1,
    shared_memory=True,
    systems=("linux",),
    caveats=CAVEATS,
)
