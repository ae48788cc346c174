"""Keep CPUs awake: a busy loop of the lowest priority on each, so that no CPU halts while a process waits.

A loop runs under SCHED_IDLE: any other process that is ready preempts it at once. The loops are children of the worker,
because with autogroups the kernel compares priorities only inside a session (sched(7)). They read a byte of memory
that they share with the worker, and spin while it is 1, which needs no system call; otherwise they sleep in sigwait.
"""

from __future__ import annotations

import mmap
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import NoReturn, Self

from ipcbench.errors import NotOffered, PeerFailed

_WAKE = signal.SIGUSR2
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Awake:
    """Context in which these CPUs do not halt; outside of it the loops sleep. Without CPUs it does nothing."""

    def __init__(self, cpus: Iterable[int]) -> None:
        """Start the loops and wait until they sleep; raises NotOffered if this system cannot run them."""
        self.loops: dict[int, int] = {}  # process ids by CPU
        wanted = sorted(set(cpus))
        if not wanted:
            return
        self._flag = mmap.mmap(-1, 1)
        worker, (ready, tell) = os.getpid(), os.pipe()
        for cpu in wanted:
            pid = os.fork()
            if not pid:
                _loop(cpu, worker, self._flag, tell)
            self.loops[cpu] = pid
        os.close(tell)
        with open(ready, "rb") as file:
            answers = file.read()  # up to the end, which comes when the last loop has closed its copy
        if len(answers) != len(wanted):
            self.end()
            raise NotOffered("CPUs cannot be kept awake: no process may be pinned to each under SCHED_IDLE")

    def __enter__(self) -> Self:
        """Wake the loops."""
        if self.loops:
            self._flag[0] = 1
            for pid in self.loops.values():
                os.kill(pid, _WAKE)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let the loops sleep; raises PeerFailed if one has ended, since its CPU slept."""
        if self.loops:
            self._flag[0] = 0
            for cpu, pid in self.loops.items():
                if not error and os.waitpid(pid, os.WNOHANG)[0]:
                    del self.loops[cpu]
                    raise PeerFailed(f"the loop that kept CPU {cpu} awake has ended")

    def end(self) -> None:
        """End the loops; may be called twice."""
        for pid in self.loops.values():
            # Beside a busy program, a process of the lowest priority takes up to a minute to die.
            with suppress(OSError, AttributeError):
                os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in self.loops.values():
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self.loops.clear()


def _loop(cpu: int, worker: int, flag: mmap.mmap, tell: int) -> NoReturn:
    """Be the loop on one CPU, until the worker ends."""
    try:
        import ctypes

        signal.pthread_sigmask(signal.SIG_BLOCK, {_WAKE})
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.sched_setaffinity(0, {cpu})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        if os.getppid() == worker:
            os.write(tell, b"+")
            os.closerange(0, os.sysconf("SC_OPEN_MAX"))
            while True:
                signal.sigwait({_WAKE})
                while flag[0]:
                    pass
    finally:
        os._exit(1)
