"""Workers that are forked, instead of started by an interpreter of their own. Standard library only."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from contextlib import suppress
from typing import Any, NoReturn

from ipcbench.measure.process.names import WORKER


class ForkedWorker:
    """A worker that was forked from this process, with the part of `subprocess.Popen` that its custodian uses."""

    def __init__(self, request: dict[str, Any], environment: dict[str, str], output: int, token: int) -> None:
        """Fork it; it prints to `output` and waits for its turns at `token`. Raises OSError."""
        self.pid = os.fork()
        self._code: int | None = None
        if not self.pid:
            _work(request, environment, output, token)

    def poll(self) -> int | None:
        """Return the exit code, or minus the signal that ended it; None while it lives."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code


def _work(request: dict[str, Any], environment: dict[str, str], output: int, token: int) -> NoReturn:
    """Make of this process what a fresh interpreter would be that runs the worker, and run it."""
    from ipcbench.measure import worker

    code = 1
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDONLY)
        for number, descriptor in enumerate((nowhere, output, output)):
            os.dup2(descriptor, number)
        os.closerange(3, token)
        os.closerange(token + 1, os.sysconf("SC_OPEN_MAX"))
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None  # found anew, from TMPDIR
        sys.argv = [worker.__file__, *request["words"][len(WORKER) :]]
        sys.modules["__main__"] = worker  # which a peer under spawn imports as its main module
        worker.main()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        sys.__excepthook__(*sys.exc_info())  # see worker.run
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
