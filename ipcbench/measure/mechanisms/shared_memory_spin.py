"""SharedMemory with spinning: the ring of `shared-memory`; both sides test a word in each slot until it changes.

The word is 0 in a free slot, and the length plus one in a full slot. A waiting side tests it again and again, and
yields its CPU every 1,000 tries. Python has no memory fence; the order of stores on x86-64 makes the payload visible
before its word, so it exists only there. Fast while each side has a CPU, extremely slow if both share one.
Source: Lib/multiprocessing/shared_memory.py, sched_yield(2).
"""

import os
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.ring import LENGTH
from ipcbench.measure.transports.shared_memory import SegmentRing

_LOOKS = 1000


class SharedMemorySpinRing(SegmentRing):
    def make_signals(self, settings: PortSettings) -> None:
        pass  # the words are in the slots

    def sender(self) -> Send:
        view, words = self.view(), self.segment.view(format="Q")  # stores whole words; struct stores "<Q" byte by byte
        stride, next_slot, let_others = self.stride, self.next_slot(), os.sched_yield
        head = LENGTH.size
        words_in_slot = stride // head

        def send(payload: Any) -> None:
            slot, looks = next_slot(), 0
            word = slot * words_in_slot
            while words[word]:
                looks += 1
                if not looks % _LOOKS:
                    let_others()
            start = slot * stride + head
            length = len(payload)
            view[start : start + length] = payload
            words[word] = length + 1

        return send

    def receiver(self) -> Receive:
        view, words = self.view(), self.segment.view(format="Q")
        stride, next_slot, let_others = self.stride, self.next_slot(), os.sched_yield
        head = LENGTH.size
        words_in_slot = stride // head

        def receive() -> Any:
            slot, looks = next_slot(), 0
            word = slot * words_in_slot
            while not (length := words[word]):
                looks += 1
                if not looks % _LOOKS:
                    let_others()
            start = slot * stride + head
            payload = bytes(view[start : start + length - 1])
            words[word] = 0
            return payload

        return receive


MECHANISM = Mechanism(
    name="shared-memory-spin",
    title="SharedMemory, spinning on a flag",
    short="ShMem spin",
    family="shared memory",
    carries="bytes",
    bounded_by="slots",
    wait="spin",
    semaphores=False,
    copies=2,
    shared_memory=True,
    machines=("x86_64",),
    channel=SharedMemorySpinRing,
    caveats=(
        "uses a whole CPU while it waits, and is many times slower if both sides share one",
        "one sender and one receiver",
    ),
)
