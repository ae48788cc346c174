"""iceoryx2 publish-subscribe with an event: a sample in shared memory, and a notification that wakes the other side.

Pending notifications merge into one, so a receiver takes samples until there are none, and only then waits.
Source: https://iceoryx2.readthedocs.io.
"""

from typing import Any

from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.libraries.iceoryx2 import ICEORYX2, IceoryxChannel, take


class IceoryxEventChannel(IceoryxChannel):
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


MECHANISM = ICEORYX2._replace(
    name="iceoryx2-event",
    title="iceoryx2 publish-subscribe, woken by an event",
    short="iox2 event",
    channel=IceoryxEventChannel,
)
