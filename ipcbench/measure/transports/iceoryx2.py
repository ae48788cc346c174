"""Channels over publish-subscribe of iceoryx2: samples loaned from shared memory, filled, sent and received by offset.

Its files go into the visit's folder, its shared memory has the visit's prefix, and nothing of it exists before the last
fork. Payloads are copied in and out, as by every other ring.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Send
from ipcbench.measure.api.settings import PortSettings

SHARED = Path("/dev/shm")


def load() -> Any:
    """iceoryx2 without flatbuffers, which nobody needs here and which imports numpy where it can, with its threads."""
    stub: Any = ModuleType("flatbuffers")
    stub.Builder = object  # named in a signature
    sys.modules.setdefault("flatbuffers", stub)
    return importlib.import_module("iceoryx2")


class IceoryxChannel(Channel):
    """A mechanism says how it waits for a sample."""

    def __init__(self, settings: PortSettings) -> None:
        self.name = settings.new_name()
        self.prefix = f"{self.name.partition('-')[0]}-{settings.named}."  # short, for the paths of sockets
        self.folder = os.path.join(settings.folder, f"iox{settings.named}")
        self.size, self.window = settings.size, settings.window
        self.held: list[Any] = []
        self.published: Any = settings.context.Semaphore(0)

    def open(self) -> tuple[Any, Any]:
        """The library, and the service of this channel in this process."""
        library = load()
        library.set_log_level(library.LogLevel.Error)
        config = importlib.import_module("iceoryx2.config").default()
        root = min(self.folder, os.path.relpath(self.folder), key=len)
        config.global_cfg.root_path = library.Path.new(root)
        config.global_cfg.prefix = library.FileName.new(self.prefix)
        builder = library.NodeBuilder.new().config(config)
        self.node = builder.signal_handling_mode(library.SignalHandlingMode.Disabled).create(library.ServiceType.Ipc)
        self.service = (
            self.node.service_builder(library.ServiceName.new(self.name))
            .publish_subscribe(library.Slice[ctypes.c_uint8])
            .max_publishers(1)
            .max_subscribers(1)
            .subscriber_max_buffer_size(self.window)
            .enable_safe_overflow(False)
            .open_or_create()
        )
        return library, self.service

    def publisher(self) -> Any:
        """What this process sends by; it waits while the other side's buffer is full."""
        library, service = self.open()
        blocking = library.BackpressureStrategy.RetryUntilDelivered
        made = service.publisher_builder().initial_max_slice_len(self.size).backpressure_strategy(blocking).create()
        self.held.append(made)
        self.published.release()
        return made

    def subscriber(self) -> Any:
        """What this process receives by, made after the other side's.

        A publisher waits only for a subscriber that has mapped what they share, and discards samples for one that has
        not; a subscriber that is made later has (iceoryx2#305).
        """
        self.published.acquire()
        _, service = self.open()
        self.held.append(service.subscriber_builder().buffer_size(self.window).create())
        return self.held[-1]

    def publish(self) -> Send:
        """The callable that sends one message."""
        loan = self.publisher().loan_slice_uninit

        def send(payload: Any) -> None:
            sample = loan(len(payload))
            sample.payload().as_memory_view().cast("B")[:] = payload
            sample.assume_init().send()

        return send

    def event(self) -> Any:
        """The service by which the two sides wake each other, in a process that has opened the other one."""
        named = importlib.import_module("iceoryx2").ServiceName.new(f"{self.name}-event")
        return self.node.service_builder(named).event().open_or_create()

    def close(self) -> None:
        while self.held:
            self.held.pop().delete()
        self.node = self.service = None

    def destroy(self) -> None:
        for path in SHARED.glob(f"{self.prefix}*.global_mgmt"):  # stays after a clean end
            path.unlink()
        for name in ("services", "nodes", ""):
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(os.path.join(self.folder, name))


def take(sample: Any) -> bytes:
    """The payload of a sample, copied out and given back."""
    payload: bytes = sample.payload().as_memory_view().tobytes()
    sample.delete()
    return payload


ICEORYX2 = Mechanism(  # what its mechanisms have in common
    name="iceoryx2",
    title="iceoryx2 publish-subscribe",
    short="iox2",
    family="shared memory",
    requires=("iceoryx2",),
    extra="iceoryx2",
    licence="Apache-2.0 OR MIT",
    carries="bytes",
    bounded_by="slots",
    copies=2,
    shared_memory=True,
    systems=("linux",),
    caveats=(
        "a publisher discards for a subscriber that has not yet mapped its memory (eclipse-iceoryx/iceoryx2#305)",
        "send() holds the GIL while the other side is full: no thread of its process runs until there is room",
        "before 1.0: names and files change with each minor release",
        "its files and shared memory stay after a crash, one segment even after a clean end",
    ),
)
