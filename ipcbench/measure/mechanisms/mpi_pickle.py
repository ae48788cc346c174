"""MPI send() and recv() of objects between two ranks on one host, by mpi4py over MPICH: pickled, through shared memory.

Whoever waits looks again and again and burns a CPU. Both ranks are processes of the visit, see measure.mpi; small
messages are copied into cells of shared memory, large ones wait for who receives them. Source:
https://mpi4py.readthedocs.io, https://www.mpich.org.
"""

from ipcbench.measure.mpi import CAVEATS, MpiChannel
from ipcbench.measure.ports import Mechanism, Receive, Send


class MpiPickleChannel(MpiChannel):
    def sender(self) -> Send:
        send, other = self.world.send, self.other
        return lambda message: send(message, other)

    def receiver(self) -> Receive:
        receive: Receive = self.world.recv
        return receive


MECHANISM = Mechanism(
    name="mpi-pickle",
    title="MPI send and recv, mpi4py with MPICH",
    short="MPI pickle",
    family="shared memory",
    requires=("mpi4py",),
    extra="mpi",
    licence="BSD-3-Clause AND LicenseRef-MPICH",
    semaphores=False,
    carries="objects",
    bounded_by="receiver",
    channel=MpiPickleChannel,
    duplex=True,
    wait="spin",
    copies=4,
    only_patterns=("ping-pong", "stream", "exchange", "tail"),
    background_processes=1,
    shared_memory=True,
    systems=("linux",),
    caveats=(*CAVEATS, "unpickles whatever another rank sends"),
)
