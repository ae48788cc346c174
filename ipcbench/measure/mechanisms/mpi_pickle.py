"""MPI send() and recv() of objects between two ranks on one host, by mpi4py and MPICH: pickled, over shared memory.

A waiting rank spins and uses a whole CPU. Both ranks are processes of the visit, see measure.transports.mpi. Small
messages are copied into cells of shared memory; a large message waits for its receiver.
Source: https://mpi4py.readthedocs.io, https://www.mpich.org.
"""

from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.libraries.mpi import WORLD_OF_TWO, MpiChannel


class MpiPickleChannel(MpiChannel):
    def sender(self) -> Send:
        send, other = self.world.send, self.other
        return lambda message: send(message, other)

    def receiver(self) -> Receive:
        receive: Receive = self.world.recv
        return receive


MECHANISM = WORLD_OF_TWO._replace(
    name="mpi-pickle",
    title="MPI send and recv, mpi4py with MPICH",
    short="MPI pickle",
    carries="objects",
    channel=MpiPickleChannel,
    copies=4,
    caveats=(*WORLD_OF_TWO.caveats, "unpickles whatever another rank sends"),
)
