"""A ring of keys in an LMDB environment, which each process opens for itself."""

from __future__ import annotations

import os
import shutil
from itertools import cycle
from typing import Any

from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings

_LOOKS = 100  # a look is a transaction, and takes ten times as long as one at a flag
_PAGE = 4096
_SPARE = 4 * 2**20


class LmdbRing(Channel):
    """As many slots as messages may be in flight, under the keys 0, 1, ..."""

    def __init__(self, settings: PortSettings) -> None:
        self.keys = [number.to_bytes(2, "big") for number in range(settings.window)]
        pages = settings.size // _PAGE + 2
        self.room = 4 * settings.window * pages * _PAGE + _SPARE  # pages that are free again are not used at once
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
