"""iceoryx2 publish-subscribe, asked again and again: a sample in shared memory, its offset through a lock-free queue.

receive() returns nothing if there is nothing, so a receiver looks again, and offers its CPU to others every 1,000
looks. A publisher whose subscriber is full tries again and again. Source: https://iceoryx2.readthedocs.io.
"""

import os

from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.iceoryx2 import ICEORYX2, IceoryxChannel, take

_LOOKS = 1000


class IceoryxSpinChannel(IceoryxChannel):
    def sender(self) -> Send:
        return self.publish()

    def receiver(self) -> Receive:
        look, let_others = self.subscriber().receive, os.sched_yield

        def receive() -> bytes:
            looks = 0
            while (sample := look()) is None:
                looks += 1
                if not looks % _LOOKS:
                    let_others()
            return take(sample)

        return receive


MECHANISM = ICEORYX2._replace(
    name="iceoryx2-spin",
    title="iceoryx2 publish-subscribe, spinning",
    short="iox2 spin",
    wait="spin",
    channel=IceoryxSpinChannel,
    caveats=(
        "burns a CPU for as long as it waits, and is many times slower where the two sides share one",
        *ICEORYX2.caveats,
    ),
)
