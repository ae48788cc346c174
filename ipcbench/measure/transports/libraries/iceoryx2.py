"""Channels over publish-subscribe of iceoryx2: samples are loaned from shared memory, filled, and passed by offset.

The files are in the visit's folder, and the names of shared memory have the visit's prefix. Each process opens the
service after the last fork. Payloads are copied in and out, as in every other ring.
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
    """Import iceoryx2 without flatbuffers, which is not needed and would import numpy and so start threads."""
    stub: Any = ModuleType("flatbuffers")
    stub.Builder = object  # an annotation in iceoryx2 refers to it
    sys.modules.setdefault("flatbuffers", stub)
    return importlib.import_module("iceoryx2")


class IceoryxChannel(Channel):
    """A channel over one service; subclasses provide the wait for a sample."""

    def __init__(self, settings: PortSettings) -> None:
        self.name = settings.new_name()
        self.prefix = f"{self.name.partition('-')[0]}-{settings.named}."  # short, because paths of sockets are limited
        self.folder = os.path.join(settings.folder, f"iox{settings.named}")
        self.size, self.window = settings.size, settings.window
        self.held: list[Any] = []
        self.published: Any = settings.context.Semaphore(0)

    def open(self) -> tuple[Any, Any]:
        """Open the service of this channel in this process; return the library and the service."""
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
        """Return this process's publisher, which waits while the other side's buffer is full."""
        library, service = self.open()
        blocking = library.BackpressureStrategy.RetryUntilDelivered
        made = service.publisher_builder().initial_max_slice_len(self.size).backpressure_strategy(blocking).create()
        self.held.append(made)
        self.published.release()
        return made

    def subscriber(self) -> Any:
        """Return this process's subscriber, made after the other side's publisher.

        A publisher discards samples for a subscriber that has not mapped its memory; a subscriber that is made later
        has mapped it (iceoryx2#305).
        """
        self.published.acquire()
        _, service = self.open()
        self.held.append(service.subscriber_builder().buffer_size(self.window).create())
        return self.held[-1]

    def publish(self) -> Send:
        """Return the callable that sends one message."""
        loan = self.publisher().loan_slice_uninit

        def send(payload: Any) -> None:
            sample = loan(len(payload))
            sample.payload().as_memory_view().cast("B")[:] = payload
            sample.assume_init().send()

        return send

    def event(self) -> Any:
        """Open the event service with which the two sides wake each other; call `open` before."""
        named = importlib.import_module("iceoryx2").ServiceName.new(f"{self.name}-event")
        return self.node.service_builder(named).event().open_or_create()

    def close(self) -> None:
        while self.held:
            self.held.pop().delete()
        self.node = self.service = None

    def destroy(self) -> None:
        for path in SHARED.glob(f"{self.prefix}*.global_mgmt"):  # iceoryx2 leaves it even after a clean end
            path.unlink()
        for name in ("services", "nodes", ""):
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(os.path.join(self.folder, name))


def take(sample: Any) -> bytes:
    """Copy the payload of a sample, give the sample back, and return the copy."""
    payload: bytes = sample.payload().as_memory_view().tobytes()
    sample.delete()
    return payload


ICEORYX2 = Mechanism(  # the facts that its mechanisms share
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
        "a publisher discards messages for a subscriber that has not yet mapped its memory "
        "(eclipse-iceoryx/iceoryx2#305)",
        "send() holds the GIL while the other side is full: no thread of its process runs until there is room",
        "before 1.0: names and files change with each minor release",
        "its files and shared memory remain after a crash, one segment even after a clean end",
    ),
)
