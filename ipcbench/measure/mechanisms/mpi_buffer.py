"""MPI Send() and Recv() of bytes between two ranks on one host, by mpi4py and MPICH: a buffer over shared memory.

Recv() fills a reused buffer; the receiver returns a copy of it. A waiting rank spins and uses a whole CPU. Both ranks
are processes of the visit, see measure.transports.mpi. Source: https://mpi4py.readthedocs.io, https://www.mpich.org.
"""

from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.libraries.mpi import WORLD_OF_TWO, MpiChannel, copied_out


class MpiBufferChannel(MpiChannel):
    def sender(self) -> Send:
        send, other = self.world.Send, self.other
        return lambda payload: send(payload, other)

    def receiver(self) -> Receive:
        return copied_out(self.world.Recv, self.other, self.size)


MECHANISM = WORLD_OF_TWO._replace(
    name="mpi-buffer",
    title="MPI Send and Recv of a buffer, mpi4py with MPICH",
    short="MPI buffer",
    channel=MpiBufferChannel,
)
