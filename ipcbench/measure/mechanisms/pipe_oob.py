"""multiprocessing.Pipe() with pickle protocol 5 and its buffers out of band: an array is not copied into the pickle.

A message is the count of buffers, the pickle and each buffer, one send_bytes() each. Pays for arrays and other objects
with a buffer; for the rest it is two more small messages. Source: PEP 574, Lib/multiprocessing/connection.py.
"""

import pickle
from struct import Struct
from typing import Any

from ipcbench.measure.duplex import DuplexPipe
from ipcbench.measure.ports import Mechanism, Receive, Send

_COUNT = Struct("Q")


class PipeOobChannel(DuplexPipe):
    def sender(self) -> Send:
        send_bytes, dumps, pack = self.end.send_bytes, pickle.dumps, _COUNT.pack

        def send(message: Any) -> None:
            buffers: list[pickle.PickleBuffer] = []
            data = dumps(message, 5, buffer_callback=buffers.append)
            send_bytes(pack(len(buffers)))
            send_bytes(data)
            for buffer in buffers:
                send_bytes(buffer.raw())

        return send

    def receiver(self) -> Receive:
        receive_bytes, loads, unpack = self.end.recv_bytes, pickle.loads, _COUNT.unpack

        def receive() -> Any:
            (count,) = unpack(receive_bytes())
            data = receive_bytes()
            return loads(data, buffers=[receive_bytes() for _ in range(count)])

        return receive


MECHANISM = Mechanism(
    name="pipe-oob",
    title="multiprocessing.Pipe, pickle 5 out of band",
    short="Pipe oob",
    family="pipes",
    carries="objects",
    bounded_by="bytes",
    channel=PipeOobChannel,
    duplex=True,
    semaphores=False,
    copies=3,
    dead_peer="end of file",
    caveats=("pays for objects with a buffer, such as arrays; a received array is read-only",),
)
