"""What importing a mechanism and sending one message do to a process.

Run as `python -m ipcbench.measure.contract.claims MECHANISM` in the custody of a warden, since importing a plug-in may
do anything; see testing.observing.
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
    """Import a mechanism; `refused` is why it cannot be used, `pulled` are the libraries that the import brought in."""
    module, process = mechanism_module(name), os.getpid()
    before = {*sys.modules}
    try:
        load_mechanism(name)
    except BadRequest as error:
        return {"refused": str(error)}
    finally:
        if os.getpid() != process:
            os._exit(0)  # a child that the import has forked
    if started := _started():
        return {"refused": f"importing it starts {started}"}
    own = {"ipcbench", module.partition(".")[0]}
    pulled = {loaded.partition(".")[0] for loaded in {*sys.modules} - before} - own - {*sys.stdlib_module_names}
    strange = ("_", "sitecustomize", "usercustomize")
    return {"pulled": sorted(library for library in pulled if not library.startswith(strange))}


def send_one_message(mechanism: Mechanism) -> None:
    """Send one message, or do the least of what it offers instead; whether it gets through is for other rules."""
    method = mechanism.start_methods[0]
    pattern, size, operation = simplest(mechanism)
    with contextlib.suppress(Exception):
        if mechanism.executor:
            observe_tasks(mechanism, method, operation)
        elif mechanism.channel:
            observe_echo(mechanism, method, 8 if mechanism.carries == "number" else size)
        else:
            with staged(mechanism, pattern, method, size, mechanism.least_workers, operation) as stage:
                what = content(mechanism.carries, "bytes")
                pattern.prove(Verification(stage.seat, stage.team, what, size, 5))


def _started() -> str:
    """What an import has started that goes on, in words."""
    if threading.active_count() > 1:
        return "a thread"
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return ""
    return "a process"


def main(name: str) -> None:
    """Leave what importing a mechanism does, and send one message."""
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
