"""What a mechanism says of itself: imported in this process, looked at, tried once, written down.

Run as `python -m ipcbench.measure.contract.claims MECHANISM` in the custody of a warden, since importing a plug-in may
do anything. What it leaves is read by run.plugins, which believes no more of it than its types.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
from typing import Any

from ipcbench.errors import BadRequest, UnknownName
from ipcbench.measure import mechanisms
from ipcbench.measure.contract.channels import observe_echo
from ipcbench.measure.contract.others import observe_tasks
from ipcbench.measure.contract.stage import simplest, staged
from ipcbench.measure.evidence import RESULT, leave, mark
from ipcbench.measure.names import claim_names
from ipcbench.measure.pattern import Verification
from ipcbench.measure.payload import content
from ipcbench.measure.ports import PORTS, Mechanism
from ipcbench.measure.registry import find_plugin, load_mechanism, mechanism_names

_LONGEST_DOC = 4000


def claims(name: str) -> dict[str, Any]:
    """Import a mechanism; its facts, what its module says, and what the import pulled in or started.

    `refused` is why it cannot be used, instead of the facts; `missing` what it needs and is not here; `broken` why one
    message did not get through.
    """
    before, process = {*sys.modules}, os.getpid()
    own = {"ipcbench"}
    try:
        if name in mechanism_names():
            module = f"{mechanisms.__name__}.{name.replace('-', '_')}"
        else:
            module = find_plugin(name).target.partition(":")[0]
            own.add(module.partition(".")[0])
            before |= {*sys.modules}  # finding it imports importlib.metadata
        mechanism = load_mechanism(name)
    except UnknownName:  # under another Python than that of the plan
        return {"refused": "no package that is installed here brings it"}
    except BadRequest as error:
        return {"refused": str(error)}
    except BaseException as error:
        if os.getpid() != process:
            os._exit(0)  # a child that the import has forked
        return {"refused": f"importing it raises {type(error).__name__}"}
    if os.getpid() != process:
        os._exit(0)
    pulled = {loaded.partition(".")[0] for loaded in {*sys.modules} - before} - own - {*sys.stdlib_module_names}
    found: dict[str, Any] = {
        "facts": facts(mechanism),
        "doc": inspect.cleandoc(sys.modules[module].__doc__ or "")[:_LONGEST_DOC],
        "pulled": sorted(name for name in pulled if not name.startswith(("_", "sitecustomize", "usercustomize"))),
    }
    started = _started()
    if started:
        return {"refused": f"importing it starts {started}"}
    found["missing"] = mechanism.missing()
    return found


def facts(mechanism: Mechanism) -> dict[str, Any]:
    """The facts as JSON holds them; instead of the classes of ports whether there is one."""
    known = mechanism._asdict()
    return known | {port: known[port] is not None for port in PORTS}


def one_message(mechanism: Mechanism) -> str | None:
    """Why one message, or the least of what it offers instead, does not get through, in words; None if it does."""
    method = mechanism.start_methods[0]
    pattern, size, operation = simplest(mechanism)
    try:
        if mechanism.executor or mechanism.channel:
            seen = (
                observe_tasks(mechanism, method, operation)
                if mechanism.executor
                else observe_echo(mechanism, method, 8 if mechanism.carries == "number" else size)
            )
            return None if seen["sent"] == seen["got"] else "what arrived is not what was sent"
        with staged(mechanism, pattern, method, size, mechanism.least_workers, operation) as stage:
            what = content(mechanism.carries, "bytes")
            proofs = pattern.prove(Verification(stage.seat, stage.team, what, size, 5))
        return None if all(proof.found == proof.expected for proof in proofs) else "a verification turn went wrong"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


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
    """Leave what a mechanism claims, and then whether one message got through."""
    claim_names()
    mark("import")
    found = claims(name)
    try:
        leave(RESULT, found)
    except (TypeError, ValueError) as error:  # a fact that is neither text nor number nor a list of them
        found = {"refused": f"a fact is not as expected: {error}"}
        leave(RESULT, found)
    if "facts" in found and not found["missing"]:
        mark("one message")
        leave(RESULT, found | {"broken": one_message(load_mechanism(name))})
    mark("exit")


if __name__ == "__main__":
    main(sys.argv[1])
