"""NATS, a broker: publish and subscribe of bytes, by nats-py over TCP on loopback.

The visit starts a nats-server of its own. NATS drops what a slow receiver has no room for, and sends to nobody if none
has subscribed: the receiver subscribes before anything is sent, and a semaphore, beside NATS, keeps a window in flight.
Many may send. Several receivers would be a queue group, which chooses one at random, also one that has had its last
message: there are none here. Sending publishes and flushes, and so returns once the server has it; each call is a
run_until_complete(), as with `asyncio-unix`. The limit of a payload is raised from 1 MiB to 16. Source:
https://docs.nats.io, https://nats-io.github.io/nats.py.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.nats import LARGEST, NatsSubject

MECHANISM = Mechanism(
    name="nats",
    title="NATS, publish and subscribe, nats-py",
    short="NATS",
    family="queues",
    requires=("nats",),
    extra="nats",
    licence="Apache-2.0",
    needs_server="nats-server",
    carries="bytes",
    bounded_by="messages",
    channel=NatsSubject,
    senders="many",
    ordering="per sender",
    largest=LARGEST,
    background_processes=1,
    caveats=(
        "drops messages for who is slow or not there: what must arrive needs JetStream, or a bound of yours",
        "every call enters and leaves the event loop; a program that lives in one does not",
        "a queue group of receivers shares messages out at random, also to who is busy",
    ),
)
