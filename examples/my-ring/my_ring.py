"""Bytes in slots of shared memory; two semaphores count free and full slots. Source: this file."""

from itertools import cycle

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings


class MyRing(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.slots = [slice(i * settings.size, (i + 1) * settings.size) for i in range(settings.window)]
        self.array = settings.context.RawArray("c", settings.size * settings.window)
        self.free, self.full = settings.context.Semaphore(settings.window), settings.context.Semaphore(0)

    def sender(self) -> Send:
        memory, slots = memoryview(self.array).cast("B"), cycle(self.slots)

        def send(payload: bytes) -> None:
            self.free.acquire()
            memory[next(slots)] = payload
            self.full.release()

        return send

    def receiver(self) -> Receive:
        memory, slots = memoryview(self.array).cast("B"), cycle(self.slots)

        def receive() -> bytes:
            self.full.acquire()
            payload = bytes(memory[next(slots)])
            self.free.release()
            return payload

        return receive


MECHANISM = Mechanism(
    name="my-ring",
    title="a ring of my own",
    short="My ring",
    family="shared memory",
    carries="bytes",
    exact=True,
    bounded_by="slots",
    channel=MyRing,
    shared_memory=True,
)
