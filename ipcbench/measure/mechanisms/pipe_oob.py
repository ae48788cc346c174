"""multiprocessing.Pipe() with pickle protocol 5: one message for the pickle, and one for each large buffer in it.

Buffers that a type offers out of band, as arrays do, are written from their own memory and read into new memory: 4
copies, instead of 5 for data inside the pickle such as bytes and str. loads() asks for a buffer where the pickle refers
to it, so the number of buffers is not sent. Source: PEP 574, Lib/multiprocessing/connection.py.
"""

import pickle
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Decode, Encode, Receive, Send
from ipcbench.measure.transports.connections import DuplexPipe


class PipeOobChannel(DuplexPipe):
    def sender(self) -> Send:
        send_bytes, dumps = self.end.send_bytes, pickle.dumps

        def send(message: Any) -> None:
            buffers: list[pickle.PickleBuffer] = []
            send_bytes(dumps(message, 5, buffer_callback=buffers.append))
            for buffer in buffers:
                send_bytes(buffer.raw())

        return send

    def receiver(self) -> Receive:
        recv_bytes, loads = self.end.recv_bytes, pickle.loads
        buffers = map(bytearray, iter(recv_bytes, None))  # an array over bytes would be read-only

        def receive() -> Any:
            return loads(recv_bytes(), buffers=buffers)

        return receive

    def codec(self) -> tuple[Encode, Decode]:
        dumps, loads = pickle.dumps, pickle.loads

        def encode(message: Any) -> list[Any]:
            buffers: list[Any] = [None]
            buffers[0] = dumps(message, 5, buffer_callback=buffers.append)
            return buffers

        def decode(parts: list[Any]) -> Any:
            return loads(parts[0], buffers=parts[1:])

        return encode, decode


MECHANISM = Mechanism(
    name="pipe-oob",
    title="multiprocessing.Pipe, pickle 5 with buffers out of band",
    short="Pipe oob",
    family="pipes",
    semaphores=False,
    carries="objects",
    bounded_by="bytes",
    channel=PipeOobChannel,
    duplex=True,
    copies=5,
    dead_peer="end of file",
    caveats=(
        "helps only arrays and other types that offer their buffers: bytes and str stay in the pickle",
        "two users of one end corrupt the stream",
    ),
)
