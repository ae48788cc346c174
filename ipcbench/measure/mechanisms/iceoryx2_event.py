"""iceoryx2 publish-subscribe with an event: a sample in shared memory, and a notification that wakes the other side.

Notifications that nobody has taken are one, so a receiver takes samples until there is none and only then waits.
Source: https://iceoryx2.readthedocs.io.
"""

from typing import Any

from ipcbench.measure.iceoryx import IceoryxChannel, take
from ipcbench.measure.ports import Mechanism, Receive, Send


class IceoryxEventChannel(IceoryxChannel):
    def event(self) -> Any:
        library, _ = self.open()
        return self.node.service_builder(library.ServiceName.new(f"{self.name}-event")).event().open_or_create()

    def sender(self) -> Send:
        publish, notifier = self.publish(), self.event().notifier_builder().create()
        self.held.append(notifier)
        notify = notifier.notify

        def send(payload: Any) -> None:
            publish(payload)
            notify()

        return send

    def receiver(self) -> Receive:
        look, listener = self.subscriber().receive, self.event().listener_builder().create()
        self.held.append(listener)
        wait = listener.blocking_wait

        def receive() -> bytes:
            while (sample := look()) is None:
                wait()
            return take(sample)

        return receive


MECHANISM = Mechanism(
    name="iceoryx2-event",
    title="iceoryx2 publish-subscribe, woken by an event",
    short="iox2 event",
    family="shared memory",
    requires=("iceoryx2",),
    extra="iceoryx2",
    licence="Apache-2.0 OR MIT",
    carries="bytes",
    bounded_by="slots",
    copies=2,
    shared_memory=True,
    systems=("linux",),
    channel=IceoryxEventChannel,
    caveats=(
        "a publisher discards for a subscriber that has not yet mapped its memory (eclipse-iceoryx/iceoryx2#305)",
        "before 1.0: names and files change with each minor release",
        "its files and shared memory stay after a crash, one segment even after a clean end",
    ),
)
