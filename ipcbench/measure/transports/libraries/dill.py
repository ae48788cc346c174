"""The fork context of `multiprocess`, the copy of multiprocessing that pickles with dill."""

from __future__ import annotations

from multiprocessing.process import current_process
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism


def dill_context() -> Any:
    """Return the context, after giving its semaphores the visit's name as prefix, see names.claim_names."""
    import multiprocess

    ours: Any = current_process()
    multiprocess.current_process()._config["semprefix"] = ours._config["semprefix"]
    return multiprocess.get_context("fork")


DILL = Mechanism(  # the facts that its mechanisms share
    name="dill",
    title="multiprocess, dill",
    short="dill",
    family="pipes",
    requires=("multiprocess", "dill"),
    extra="dill",
    licence="BSD-3-Clause",
    carries="objects",
    bounded_by="bytes",
    start_methods=("fork",),
    caveats=("multiprocess has its own processes for spawn and forkserver, which are not measured",),
)
