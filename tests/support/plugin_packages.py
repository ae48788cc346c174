"""Packages with plug-ins, as an installer leaves them in a folder: good ones, and one for each mistake."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ipcbench.measure.registry import installed
from ipcbench.plan import catalog
from ipcbench.plan.plugins import labels

GOOD = '''"""A pipe under another name.

Source: multiprocessing.
"""
{before}
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel


class Plain(Channel):
    def __init__(self, settings):
        self.ends = settings.context.Pipe()

    def connect(self, side):
        self.end = self.ends[side == "peer"]
        self.ends[side == "driver"].close()

    def sender(self):
        return {send}

    def receiver(self):
        return self.end.recv_bytes

    def close(self):
        for end in self.ends:
            end.close()


MECHANISM = Mechanism(
    name={name!r}, title="a pipe of {name}", short="{name:.12}", family="pipes", carries="bytes", bounded_by="bytes",
    channel=Plain, duplex=True, semaphores=False, dead_peer="end of file", {facts}
)
'''


def source(name: str, before: str = "", facts: str = "", send: str = "self.end.send_bytes") -> str:
    """Return a module with a mechanism of that name; `before` runs at its import, `facts` are additional facts."""
    return GOOD.format(name=name, before=before, facts=facts, send=send)


_GRIP = """import ctypes, struct
write = ctypes.PyDLL(None).write  # a PyDLL keeps the GIL while it calls


def grip(fd, payload):
    rest = struct.pack("!i", len(payload)) + payload
    while rest:
        rest = rest[max(write(fd, rest, len(rest)), 0) :]

"""

# Mechanisms that keep the contract; one holds the GIL while it waits for room.
HONEST: Mapping[str, str] = {
    "plain": source("plain"),
    "gripping": source("gripping", _GRIP, send="lambda payload: grip(self.end.fileno(), payload)"),
}

# A part of the reason why a plug-in cannot be used, and its module.
BAD: Mapping[str, tuple[str, str]] = {
    "raises": ("RuntimeError: no driver", source("raises", "raise RuntimeError('no driver')")),
    "leaves": ("SystemExit", source("leaves", "raise SystemExit(0)")),
    "newer": ("written for contract 2, and this ipcbench knows contract 1", source("newer", facts="contract=2")),
    "later": ("contract 1, which this ipcbench knows, has no such fact", source("later", facts="colour='red'")),
    "misnamed": ("calls itself 'other'", source("other")),
    "nothing": ("expected a Mechanism", "MECHANISM = 5\n"),
    "empty": ("AttributeError", ""),
    "wordy": ("length <= 12", source("wordy", facts="").replace('short="wordy"', 'short="far too long a word"')),
    "odd": ("family is 'magic': expected 'pipes', 'queues'", source("odd").replace('family="pipes"', 'family="magic"')),
    "unclear": ("invalid fact: Expected `int | null`", source("unclear", facts="holds=object()")),
    "poor": (
        "poor needs a_library_that_is_not_there",
        source("poor", facts="requires=('a_library_that_is_not_there',)"),
    ),
}


def install(folder: Path, package: str, version: str, modules: Mapping[str, str]) -> None:
    """Install a package with these mechanisms into a folder, each in its own module."""
    about = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    points = [f"{name} = {module_of(name)}:MECHANISM" for name in modules]
    (about / "entry_points.txt").write_text("\n".join(["[ipcbench.mechanisms]", *points, ""]))
    for name, text in modules.items():
        (folder / f"{module_of(name)}.py").write_text(text)


def forget_plugins() -> None:
    """Clear the caches, so that this process looks for plug-ins again."""
    for known in (installed, catalog.plugin, catalog.mechanism, labels):
        known.cache_clear()


def module_of(name: str) -> str:
    """Return the name of the module of a plug-in's mechanism."""
    return f"plug_{''.join(letter if letter.isalnum() else '_' for letter in name)}"


_SPIN = "lambda: next(got for got in iter(lambda: self.end.recv_bytes() if self.end.poll(0) else None, 0) if got)"
_QUEUE = """
    def __init__(self, settings):
        self.queue = settings.context.{kind}
    def sender(self):
        return self.queue.put
    def receiver(self):
        return self.queue.get
    def close(self):
        {close}


MECHANISM"""


def _queue(name: str, kind: str, facts: str, close: str = "pass") -> str:
    """Return a module with a mechanism over one of multiprocessing's queues."""
    text = source(name, facts=facts).replace('duplex=True, semaphores=False, dead_peer="end of file", ', "")
    head, _, tail = text.partition("    def __init__")
    return head + _QUEUE.format(kind=kind, close=close).lstrip("\n") + tail.partition("MECHANISM")[2]


def _with(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


_JOIN = "self.queue.close(); self.queue.join_thread()"

# The rule of the contract that a mechanism breaks, a part of the reason, and the module.
LIARS: Mapping[str, tuple[str, str, str]] = {
    "vanishes": ("facts", "ends the process", source("vanishes", "import os; os._exit(0)")),
    "crashes": (
        "facts",
        "SIGSEGV: reads address 0",
        source("crashes", "import ctypes, sys; print('reads address 0', file=sys.stderr); ctypes.string_at(0)"),
    ),
    "blocks": ("facts", "had not ended", source("blocks", "import time; time.sleep(1000)")),
    "forks": ("facts", "starts a process", source("forks", "import os; os.fork()")),
    "hides": (
        "facts",
        "left behind",
        source(
            "hides",
            "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
            "        time.sleep(1000)\n    os._exit(0)\nos.wait()",
        ),
    ),
    "threads": (
        "facts",
        "starts a thread",
        source("threads", "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()"),
    ),
    "loud": ("facts", "prints something", source("loud", "print('here I am')")),
    "heavy": ("facts", "brings in msgspec", source("heavy", "import msgspec")),
    "unpicklable": (
        "start methods",
        "spawn is declared, but nothing works under it",
        _with(
            source("unpicklable"), "self.ends = settings", "self.spoiler = lambda: None\n        self.ends = settings"
        ),
    ),
    "spinner": (
        "waiting",
        "wait is 'block'",
        _with(source("spinner"), "return self.end.recv_bytes", f"return {_SPIN}"),
    ),
    "sleeper": ("waiting", "wait is 'spin'", source("sleeper", facts="wait='spin'")),
    "boundless": (
        "limits",
        "bounded_by is 'messages', but 512 messages were sent, none received",
        _with(
            _queue("boundless", "Queue()", "senders='many', receivers='many', ordering='per sender'", _JOIN),
            'bounded_by="bytes"',
            'bounded_by="messages"',
        ),
    ),
    "cutter": (
        "limits",
        "101 B are sent without an error and do not arrive unchanged",
        source("cutter", facts="largest=100", send="lambda payload: self.end.send_bytes(payload[:100])"),
    ),
    "crowded": (
        "order",
        "proofs ",  # whichever pattern shows it
        source("crowded", facts="senders='many', receivers='many'"),
    ),
    "untidy": (
        "closing",
        "left",
        _with(
            source("untidy"),
            "self.ends = settings",
            "open(settings.new_path(), 'w').close()\n        self.ends = settings",
        ),
    ),
    "nervous": (
        "closing",
        "closing twice",
        _with(
            source("nervous"),
            "        for end in self.ends:\n            end.close()",
            "        if self.ends is None:\n            raise ValueError('closed')\n"
            "        for end in self.ends:\n            end.close()\n        self.ends = None",
        ),
    ),
    "blind": (
        "death",
        "saw TimeoutError",
        _with(_queue("blind", "SimpleQueue()", "dead_peer='end of file'"), 'bounded_by="bytes"', 'bounded_by="kernel"'),
    ),
    "open-door": (
        "visit",
        "a tcp socket beyond loopback",
        _with(
            source("open-door"),
            "self.ends = settings",
            "import socket\n        self.door = socket.create_server(('0.0.0.0', 0))\n        self.ends = settings",
        ),
    ),
    "litterer": (
        "visit",
        "the file /dev/shm/tmp",
        _with(
            source("litterer", facts="start_methods=('fork',)"),
            "self.ends = settings",
            "self.file = __import__('tempfile').NamedTemporaryFile(dir='/dev/shm')\n        self.ends = settings",
        ),
    ),
}
