"""The damage that a fault does to its own process, by kind; it harms only its own visit.

Names of leftovers have the visit's prefix, and processes that keep running end by themselves within two minutes.
"""

from __future__ import annotations

import _multiprocessing  # type: ignore[import-not-found]  # no stubs; it makes a semaphore without unlinking it
import ctypes
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

from ipcbench.measure.process.names import visit_folder

_BELT = 110.0  # seconds after which processes left behind end by themselves
_FLOOD = 4 * 2**20
_HUGE = 20 * 2**20
_SLEEP = f"import time; time.sleep({_BELT:.0f})"
_DAEMON = f"import os, time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\n{_SLEEP}"

_left: list[Any] = []  # keeps leaked objects alive, so that no finalizer removes them


def harm(kind: str) -> None:
    """Do this kind of fault's damage to the calling process; nothing for kinds that only spoil messages."""
    _HARMS.get(kind, lambda: None)()


def _raise() -> None:
    raise RuntimeError("a fault on request")


def _segv() -> None:
    _no_core()
    ctypes.string_at(0)


def _abort() -> None:
    _no_core()
    os.abort()


def _sigbus() -> None:
    _no_core()
    with tempfile.TemporaryFile() as file:
        file.truncate(mmap.PAGESIZE)
        view = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        file.truncate(0)
        print(view[0])


def _no_core() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _emfile() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    while True:
        _left.append(os.open(os.devnull, os.O_RDONLY))


def _stop() -> None:
    signal.raise_signal(signal.SIGSTOP)


def _hang() -> None:
    threading.Event().wait(_BELT)
    os._exit(5)


def _hang_ignoring_term() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _hang()


def _spin() -> None:
    until = time.monotonic() + _BELT
    while time.monotonic() < until:
        pass
    os._exit(5)


def _flood() -> None:
    for descriptor in (1, 2):
        with open(descriptor, "wb", closefd=False) as output:
            output.write(b"a fault on request\n" * (_FLOOD // 2 // 19 + 1))


def _close_stdio() -> None:
    for descriptor in (0, 1, 2):
        os.close(descriptor)


def _leak_process() -> None:
    _left.append(subprocess.Popen([sys.executable, "-S", "-c", _SLEEP]))


def _leak_daemon() -> None:
    subprocess.run([sys.executable, "-S", "-c", _DAEMON], check=True)


def _leak_thread() -> None:
    threading.Thread(target=time.sleep, args=(_BELT,), name="fault-left", daemon=True).start()


def _leak_fd() -> None:
    _left.append(os.open(os.devnull, os.O_RDONLY))


def _leak_shm() -> None:
    name = f"{_folder().name}-fault"
    if sys.version_info >= (3, 13):
        _left.append(SharedMemory(name, create=True, size=4096, track=False))
    else:
        _left.append(SharedMemory(name, create=True, size=4096))
        resource_tracker.unregister(f"/{name}", "shared_memory")  # otherwise the tracker would remove it


def _leak_semaphore() -> None:
    _left.append(_multiprocessing.SemLock(1, 1, 1, f"/{_folder().name}-fault", False))


def _leak_socket() -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(_folder() / "fault.sock"))
    listener.listen()
    _left.append(listener)


def _leak_temp() -> None:
    Path(tempfile.mkdtemp(prefix="fault-", dir=_folder()), "left").touch()


def _leak_env() -> None:
    os.environ["IPCBENCH_FAULT"] = "left"


def _leak_handler() -> None:
    signal.signal(signal.SIGUSR2, lambda *_: None)


def _result_none() -> None:
    _result().unlink()


def _result_garbage() -> None:
    whole = _result().read_bytes()
    _result().write_bytes(whole[: len(whole) // 2] + bytes(range(256)))


def _result_huge() -> None:
    """Append spaces to the JSON: the result stays valid, but becomes too large."""
    with open(_result(), "ab") as file:
        for _ in range(_HUGE // 2**20):
            file.write(b" " * 2**20)


def _result() -> Path:
    return Path(sys.argv[sys.argv.index("--output") + 1])


def _folder() -> Path:
    """Return the visit's folder, whose name is the prefix of all its names; other leaks would never be removed."""
    folder = visit_folder()
    if not folder:
        raise RuntimeError("only a visit can leave something behind")
    return folder


_HARMS: dict[str, Callable[[], object]] = {
    "raise": _raise,
    "exit3": lambda: sys.exit(3),
    "os-exit": lambda: os._exit(4),
    "segv": _segv,
    "abort": _abort,
    "sigbus": _sigbus,
    "sigkill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit0": lambda: os._exit(0),
    "emfile": _emfile,
    "stop": _stop,
    "hang": _hang,
    "hang-ignoring-term": _hang_ignoring_term,
    "spin": _spin,
    "flood": _flood,
    "close-stdio": _close_stdio,
    "leak-process": _leak_process,
    "leak-daemon": _leak_daemon,
    "leak-thread": _leak_thread,
    "leak-fd": _leak_fd,
    "leak-shm": _leak_shm,
    "leak-semaphore": _leak_semaphore,
    "leak-socket": _leak_socket,
    "leak-temp": _leak_temp,
    "leak-env": _leak_env,
    "leak-handler": _leak_handler,
    "result-none": _result_none,
    "result-garbage": _result_garbage,
    "result-huge": _result_huge,
}
