"""The warden: owns the processes of a run's visits, and outlives the orchestrator.

    orchestrator ──requests, turns, stop───▶ warden ──▶ custodian of a visit ──▶ worker ──▶ peers, managers, trackers
                 ◀──wants, reports──────────┘    └───▶ custodian of a visit ──▶ …

Started as `python -S -P -m ipcbench.run.containment.warden FOLDER PIDFD ISOLATION`, never imported; standard library
only. It has a session of its own and ignores the terminal's signals. Each visit has a custodian, forked from the warden
or from a template, which adopts every process of its visit that loses its parent; the warden adopts those of a
custodian that was killed. When the orchestrator ends, for whatever reason, the warden ends all processes, unlinks all
objects named after the run, removes the run's folder and ends.

Requests and reports are one JSON object a line. The other lines are `turn VISIT` and `stop` from the orchestrator, and
`wants-turn VISIT` and `wants-end VISIT` from a visit, see `measure.process.token`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from ipcbench.errors import SHORT_OF
from ipcbench.measure.process.names import run_prefix
from ipcbench.run.containment.custody import about, take_custody
from ipcbench.run.containment.disturbances import BEAT, Look, Pulse, Watch
from ipcbench.run.containment.line import Alone, Line
from ipcbench.run.containment.processes import (
    Isolation,
    Member,
    adopt_orphans,
    alive,
    descendants,
    end_all,
    names_left,
    remove_folder,
    unlink_names,
)

_TEMPLATE = ("-m", "ipcbench.run.containment.template")


class Custodian(NamedTuple):
    """The process that has a visit in custody. lines are those it has said, the last one unfinished."""

    pid: int
    visit: str
    line: socket.socket
    said: bytearray


class Warden:
    """Serves the requests of one run until the connection to the orchestrator breaks."""

    def __init__(self, folder: str, orchestrator: int, isolation: Isolation) -> None:
        """Prepare to serve; `orchestrator` is its pidfd, or -1 on a system without them."""
        self.folder = Path(folder)
        self.isolation = isolation
        self.line = Line(0, orchestrator)
        adopt_orphans()
        self.watch = Watch()
        self.custodians: dict[int, Custodian] = {}
        self.templates: dict[str, tuple[subprocess.Popen[bytes], socket.socket]] = {}
        self.before: Look | None = None
        self.pulse = Pulse()

    def serve(self) -> None:
        """Make the visits that are requested, then end and remove everything."""
        try:
            while True:
                for descriptor, _ in self._wait():
                    if descriptor in self.custodians:
                        self._relay(self.custodians[descriptor])
                    else:
                        for words in self.line.heard(descriptor):
                            self._obey(words)
        except Alone:
            pass
        finally:
            end_all(descendants if self.isolation == "warden" else list)
            unlink_names(run_prefix(self.folder))
            remove_folder(self.folder)

    def _wait(self) -> list[tuple[int, int]]:
        """Wait until a descriptor is readable; while a visit is alive, wake up now and then to see pauses."""
        if not self.custodians:
            return self.line.poll.poll()
        began = time.monotonic()
        ready = self.line.poll.poll(BEAT * 1000 + 1)
        self.pulse.woke(time.monotonic() - began - BEAT)
        return ready

    def _obey(self, words: bytes) -> None:
        if words.startswith(b"{"):
            self._begin(json.loads(words))
            return
        order, _, visit = words.decode().partition(" ")
        for custodian in self.custodians.values():
            if visit in ("", custodian.visit):
                _tell(custodian, order.encode())

    def _begin(self, request: dict[str, Any]) -> None:
        """Fork the custodian of a visit; refuse the visit if an earlier one is not over."""
        visit = Path(request["folder"]).name
        if not self.custodians and (left := self._left()):
            self._report(visit, {"ending": "refused", "survivors": left})
            return
        try:
            # Before the look, which would take the start of a template for the work of others.
            template = self._template(request) if request["template"] else None
            if not self.custodians:
                self.before, self.pulse = self.watch.look(), Pulse()
            ours, theirs = socket.socketpair()
            with theirs:
                pid = self._fork(request, template, ours, theirs)
        except OSError as error:
            detail, short = f"its custodian cannot start: {error.strerror or error}", error.errno in SHORT_OF
            self._report(visit, {"ending": "refused", "survivors": [], "detail": detail, "short": short})
            return
        self.custodians[ours.fileno()] = Custodian(pid, visit, ours, bytearray())
        self.line.poll.register(ours, select.POLLIN)

    def _fork(
        self, request: dict[str, Any], template: socket.socket | None, ours: socket.socket, theirs: socket.socket
    ) -> int:
        """Start the custodian of a visit and make the request; return its process id. Raises OSError."""
        if template:
            socket.send_fds(template, [b"+"], [theirs.fileno()])
        elif not os.fork():
            self.line.close()
            for line in (
                ours,
                *(other.line for other in self.custodians.values()),
                *(line for _, line in self.templates.values()),
            ):
                line.close()
            take_custody(theirs.fileno(), self.isolation)
        theirs.close()  # so that the end of the custodian shows
        said = b""
        while not said.endswith(b"\n"):
            more = self._answer(ours, request)
            if not more:
                self._end_template(request["template"])
                raise ChildProcessError("it ended at once")
            said += more
        pid = int(said)
        if pid <= 0:
            raise OSError(-pid, os.strerror(-pid))
        ours.sendall(json.dumps(request).encode() + b"\n")
        return pid

    def _template(self, request: dict[str, Any]) -> socket.socket:
        """Return the line to the template of a visit, which is new for each interpreter and round."""
        name = request["template"]
        kind = name.partition(" ")[0]
        for other, (process, _) in [*self.templates.items()]:
            if process.poll() is not None or (other != name and other.partition(" ")[0] == kind):
                self._end_template(other)
        if name not in self.templates:
            ours, theirs = socket.socketpair()
            with theirs:
                process = subprocess.Popen(
                    [*request["python"], *_TEMPLATE, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=2,
                    env=request["environment"] | {"TMPDIR": f"{self.folder}/template"},
                    pass_fds=[theirs.fileno()],
                )
            self.templates[name] = process, ours
            if not self._answer(ours, request):
                self._end_template(name)
                raise ChildProcessError("its template ended at once")
        return self.templates[name][1]

    def _answer(self, line: socket.socket, request: dict[str, Any]) -> bytes:
        """Return what a process says that was just started, nothing if it has ended; raises TimeoutError, and Alone."""
        poll = select.poll()
        for descriptor in (line.fileno(), self.line.orchestrator):
            if descriptor >= 0:
                poll.register(descriptor, select.POLLIN)
        seconds = request["seconds"]["stage"]
        ready = [descriptor for descriptor, _ in poll.poll(1000 * seconds)]
        if self.line.orchestrator in ready:
            raise Alone
        if not ready:
            self._end_template(request["template"])
            raise TimeoutError(f"no answer after {seconds:.1f} s")
        return line.recv(16)

    def _end_template(self, name: str) -> None:
        if name in self.templates:
            process, line = self.templates.pop(name)
            line.close()
            process.kill()  # it may hang; the custodians that it has forked go on
            process.wait()

    def _relay(self, custodian: Custodian) -> None:
        """Pass on what a custodian says; report its visit once it has ended."""
        try:
            data = custodian.line.recv(65_536)
        except ConnectionError:
            data = b""
        custodian.said.extend(data)
        if not data:
            self._bury(custodian)
            return
        while b"\n" in custodian.said and not custodian.said.startswith(b"{"):
            words, _, rest = bytes(custodian.said).partition(b"\n")
            custodian.said[:] = rest
            self.line.say(b"%b %b" % (words, custodian.visit.encode()))

    def _bury(self, custodian: Custodian) -> None:
        """Wait for a custodian that has ended, and report its visit; end what it left if it was killed."""
        self.line.poll.unregister(custodian.line)
        del self.custodians[custodian.line.fileno()]
        custodian.line.close()
        status = os.waitstatus_to_exitcode(os.waitpid(custodian.pid, 0)[1])
        if custodian.said.endswith(b"\n"):
            report: dict[str, Any] = json.loads(custodian.said)
        else:
            survivors = end_all(self._orphans) if self.isolation == "warden" else []
            unlink_names(f"{custodian.visit}-")
            report = {"ending": "lost", "status": status, "survivors": [about(member) for member in survivors]}
        self._report(custodian.visit, report)

    def _report(self, visit: str, report: dict[str, Any]) -> None:
        report["visit"] = visit
        if not self.custodians and self.before:
            report["machine"] = self.watch.since(self.before)  # only now: it counts the CPU time of ended processes
            report["machine"] += ["paused"] if self.pulse.stopped else []
            self.before = None
        self.line.say(json.dumps(report).encode())

    def _left(self) -> list[str]:
        """Return what earlier visits left behind although they are over."""
        found = [about(member) for member in alive(self._orphans)] if self.isolation == "warden" else []
        return found or names_left(run_prefix(self.folder))

    def _orphans(self) -> list[Member]:
        """Return the processes whose custodian has ended without them."""
        known = {custodian.pid for custodian in self.custodians.values()}
        return descendants(known | {process.pid for process, _ in self.templates.values()})


def _tell(custodian: Custodian, order: bytes) -> None:
    with contextlib.suppress(ConnectionError):  # it has ended, and its line will say so
        custodian.line.sendall(order + b"\n")


if __name__ == "__main__":
    Warden(sys.argv[1], int(sys.argv[2]), "group" if sys.argv[3] == "group" else "warden").serve()
