"""The promises about every fault: it is contained, ends in time, and gets the right verdict."""

from __future__ import annotations

from collections.abc import Sequence

from faults.trials import LATE, Tried, verdict_of

RIGHT = "the verdict is right"


def broken_promises(tried: Sequence[Tried], left: Sequence[str]) -> dict[str, list[str]]:
    """Return each promise with the trials that broke it, in words; left is what the bench left behind."""
    bad = [found for found in tried if not found.trial.harmless]
    late = [found for found in tried if found.verdict == "timed-out" and found.seconds > found.deadline + LATE]
    cleaned = [(found, verdict_of(found.clean)) for found in tried if found.clean is not None]
    return {
        "every fault is contained": [f"{_name(found)} left {', '.join(found.left)}" for found in tried if found.left],
        "the run as a whole leaves nothing": list(left),
        "no fault is reported as ok": [_name(found) for found in bad if found.verdict == "ok"],
        RIGHT: [f"{_name(found)}: {found.wrong}" for found in tried if found.wrong],
        f"a hang ends at most {LATE:.0f} s after its deadline": [
            f"{_name(found)} took {found.seconds:.1f} s of {found.deadline:.1f} s" for found in late
        ],
        "a clean visit after a leak is ok": [
            f"after {_name(found)}: {verdict}" for found, verdict in cleaned if verdict != "ok"
        ],
    }


def _name(found: Tried) -> str:
    method = found.trial.case.start_method
    return found.trial.fault.name.removeprefix("fault:") + (f" ({method})" if method != "fork" else "")
