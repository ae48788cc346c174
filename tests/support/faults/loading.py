"""Make the registry of ipcbench load a fault by its name, like any mechanism."""

from __future__ import annotations

from faults.kinds import PREFIX
from ipcbench.measure import registry
from ipcbench.measure.api.mechanism import Mechanism

SWITCH = "IPCBENCH_TEST_LOADS_FAULTS"  # environment variable of processes that do so, see extra/sitecustomize.py

_load_mechanism = registry.load_mechanism


def load(name: str) -> Mechanism:
    """Load a mechanism, or make one that is faulty on request; raises UnknownName and BadRequest."""
    if not name.startswith(PREFIX):
        return _load_mechanism(name)
    from faults.mechanism import load_fault  # a clean visit does not import it

    return load_fault(name, load)


def install() -> None:
    """Replace the registry's function with this, before any other module imports it."""
    registry.load_mechanism = load
