"""Observe what importing a mechanism and sending one message do to a process.

Run as `python -m ipcbench.measure.contract.claims MECHANISM` under a warden, because importing a plug-in may do
anything; see testing.observing.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Any

from ipcbench.errors import BadRequest
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Verification
from ipcbench.measure.api.payload import content
from ipcbench.measure.contract.channels import observe_echo
from ipcbench.measure.contract.others import observe_tasks
from ipcbench.measure.contract.stage import simplest, staged
from ipcbench.measure.process.names import claim_names
from ipcbench.measure.process.stages import RESULT, leave, mark
from ipcbench.measure.registry import load_mechanism, mechanism_module


def claims(name: str) -> dict[str, Any]:
    """Import a mechanism; return why it cannot be used as `refused`, or the libraries that it imports as `pulled`."""
    module, process = mechanism_module(name), os.getpid()
    before = {*sys.modules}
    try:
        load_mechanism(name)
    except BadRequest as error:
        return {"refused": str(error)}
    finally:
        if os.getpid() != process:
            os._exit(0)  # this is a child that the import forked
    if started := _started():
        return {"refused": f"importing it starts {started}"}
    own = {"ipcbench", module.partition(".")[0]}
    pulled = {loaded.partition(".")[0] for loaded in {*sys.modules} - before} - own - {*sys.stdlib_module_names}
    strange = ("_", "sitecustomize", "usercustomize")
    return {"pulled": sorted(library for library in pulled if not library.startswith(strange))}


def send_one_message(mechanism: Mechanism) -> None:
    """Send one message, or use another port once; other rules check whether that works."""
    method = mechanism.start_methods[0]
    pattern, size, operation = simplest(mechanism)
    with contextlib.suppress(Exception):
        if mechanism.executor:
            observe_tasks(mechanism, method, operation, tasks=1)
        elif mechanism.channel:
            observe_echo(mechanism, method, 8 if mechanism.carries == "number" else size)
        else:
            with staged(mechanism, pattern, method, size, mechanism.least_workers, operation) as stage:
                what = content(mechanism.carries, mechanism.usual_payload)
                pattern.prove(Verification(stage.seat, stage.team, what, size, 5))


def _started() -> str:
    """Return what the import started and left running, in words; empty if nothing."""
    if threading.active_count() > 1:
        return "a thread"
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return ""
    return "a process"


def main(name: str) -> None:
    """Write what importing a mechanism does to the visit's folder, then send one message."""
    claim_names()
    mark("import")
    found = claims(name)
    leave(RESULT, found)
    if "refused" not in found and not (mechanism := load_mechanism(name)).missing():
        mark("one message")
        send_one_message(mechanism)
    mark("exit")


if __name__ == "__main__":
    main(sys.argv[1])
