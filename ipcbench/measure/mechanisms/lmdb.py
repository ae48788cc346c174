"""LMDB, a database in a memory map: a ring of keys in one file, through py-lmdb; both sides spin.

A slot is a key. The sender waits until the key is absent and puts the payload; the receiver waits until the key is
present, reads it and deletes it. Each message takes two write transactions, which LMDB runs one at a time, and several
read transactions. LMDB wakes no waiting process, so both sides spin, and yield their CPU every 100 tries. Nothing is
synced to disk. Each process opens the environment after the last fork, as the documentation demands.
Source: https://lmdb.readthedocs.io.
"""

from __future__ import annotations

import os
import shutil
from itertools import cycle
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings

_LOOKS = 100  # each try is a transaction, which takes ten times as long as a test of a flag
_PAGE = 4096
_SPARE = 4 * 2**20


class LmdbRing(Channel):
    """A ring with one slot per message in flight, under the keys 0, 1, ..."""

    def __init__(self, settings: PortSettings) -> None:
        self.keys = [number.to_bytes(2, "big") for number in range(settings.window)]
        pages = settings.size // _PAGE + 2
        self.room = 4 * settings.window * pages * _PAGE + _SPARE  # LMDB does not reuse free pages at once
        self.path = settings.new_path()
        os.mkdir(self.path, 0o700)
        self.environment: Any = None

    def connect(self, side: Side) -> None:
        import lmdb

        self.environment = lmdb.open(self.path, map_size=self.room, sync=False, metasync=False, readahead=False)

    def sender(self) -> Send:
        begin, let_others, next_key = self.environment.begin, os.sched_yield, cycle(self.keys).__next__

        def send(payload: Any) -> None:
            key, looks = next_key(), 0
            while True:
                with begin() as look:
                    if look.get(key) is None:
                        break
                looks += 1
                if not looks % _LOOKS:
                    let_others()
            with begin(write=True) as change:
                change.put(key, payload)

        return send

    def receiver(self) -> Receive:
        begin, let_others, next_key = self.environment.begin, os.sched_yield, cycle(self.keys).__next__

        def receive() -> bytes:
            key, looks = next_key(), 0
            while True:
                with begin() as look:
                    payload: bytes | None = look.get(key)
                    if payload is not None:
                        break
                looks += 1
                if not looks % _LOOKS:
                    let_others()
            with begin(write=True) as change:
                change.delete(key)
            return payload

        return receive

    def close(self) -> None:
        if self.environment is not None:
            self.environment.close()
            self.environment = None

    def destroy(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


MECHANISM = Mechanism(
    name="lmdb",
    title="LMDB, a ring of keys in a memory map, py-lmdb",
    short="LMDB",
    family="shared memory",
    requires=("lmdb",),
    extra="lmdb",
    licence="OLDAP-2.8",
    semaphores=False,
    carries="bytes",
    bounded_by="slots",
    channel=LmdbRing,
    wait="spin",
    copies=3,
    caveats=(
        "uses a whole CPU while it waits: LMDB wakes no process",
        "never use an environment in a child that was forked after it was opened",
        "only one write transaction runs at a time",
    ),
)
