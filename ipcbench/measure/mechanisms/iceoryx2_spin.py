"""iceoryx2 publish-subscribe, spinning: a sample in shared memory, its offset through a lock-free queue.

receive() returns nothing if there is no sample, so a receiver tries again, and yields its CPU every 1,000 tries. A
publisher retries while its subscriber's buffer is full. Source: https://iceoryx2.readthedocs.io.
"""

import os

from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.libraries.iceoryx2 import ICEORYX2, IceoryxChannel, take

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
        "uses a whole CPU while it waits, and is many times slower if both sides share one",
        *ICEORYX2.caveats,
    ),
)
