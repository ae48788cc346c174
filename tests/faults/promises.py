"""`ipcbench selftest`: are faults contained on this machine, and called by their name?"""

from __future__ import annotations

import random
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence

import click

from ipcbench.machine.facts import capabilities
from ipcbench.model import START_METHODS, Capabilities, Failure, StartMethod
from ipcbench.run import tree
from ipcbench.run.interrupt import Stop
from ipcbench.run.selftest import BASES, LATE, Bench, Tried, matrix, unfit, verdict_of
from ipcbench.text import safe_text

_WIDTH = 79
_LEVELS = {
    "warden": "warden: everything that a visit starts is found, whatever session it moves to",
    "group": "group: the process group of a visit; what moves to a session of its own gets away",
}
_NEVER = (
    "a mechanism that means to deceive: it runs in the measured processes and can say anything",
    "a message spoilt in the middle of a timed turn: there all are counted, and the last one is compared; "
    "every byte is checked in the turns before and after",
)


@click.command("selftest")
@click.option("--all", "everything", is_flag=True, help="All start methods, and several mechanisms; many minutes.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), metavar="N", help="Repeat the order of an earlier one.")
@click.option("--verbose", "-v", is_flag=True, help="A line for each fault.")
def command(everything: bool, seed: int | None, verbose: bool) -> int:
    """Make mechanisms fail in every known way and see what becomes of it.

    Crashes, hangs, leaks, lost and altered messages, impossible times: each must end, leave nothing behind and get
    the right verdict. Takes less than a minute, needs no rights and leaves nothing. Exit code 0 if all promises are
    kept, 6 if one is broken.
    """
    methods: Sequence[StartMethod] = START_METHODS if everything else START_METHODS[:1]
    bases = BASES if everything else BASES[:1]
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    capable = capabilities()
    trials = matrix(methods, bases, seed)
    fit = [trial for trial in trials if not unfit(trial, capable)]
    level = tree.ISOLATION
    _print(f"isolation level {_LEVELS[level]}")
    _print(f"{len(fit)} faults with {', '.join(bases)} under {', '.join(methods)}, seed {seed}")
    began = time.monotonic()
    tried = []
    with Stop() as stop:
        bench = Bench(stop)
        try:
            for trial in fit:
                tried.append(bench.attempt(trial))
                if verbose:
                    _print(_line(tried[-1]), later=" " * 16)
        finally:
            left = bench.close()
    _print(f"{time.monotonic() - began:.0f} s")
    click.echo("")
    kept = [_promise(*promise) for promise in _promises(tried, left)]
    click.echo("")
    click.echo("what cannot be trusted here")
    doubts = dict.fromkeys(f"{unfit(trial, capable)}: not tried" for trial in trials if unfit(trial, capable))
    for doubt in [*doubts, *_doubts(level, capable), *_NEVER]:
        _print(doubt, "  - ", "    ")
    return 0 if all(kept) else 6


def _promises(tried: Sequence[Tried], left: Sequence[str]) -> Iterator[tuple[str, int, list[str]]]:
    """Each promise with how often it was tried and where it was broken, in words."""
    bad = [found for found in tried if not found.trial.harmless]
    late = [found for found in tried if found.verdict == "timed-out"]
    cleaned = [(found, found.clean) for found in tried if found.clean is not None]
    yield (
        "every fault is contained",
        len(tried),
        [f"{_name(found)} left {', '.join(found.left)}" for found in tried if found.left],
    )
    yield "the run as a whole leaves nothing", 1, [", ".join(left)] if left else []
    yield "no fault is reported as ok", len(bad), [_name(found) for found in bad if found.verdict == "ok"]
    yield (
        "the verdict is right",
        len(tried),
        [f"{_name(found)}: {safe_text(found.wrong)}" for found in tried if found.wrong],
    )
    yield (
        f"a hang ends at most {LATE:.0f} s after its deadline",
        len(late),
        [f"{_name(found)} took {found.seconds:.1f} s" for found in late if found.seconds > found.deadline + LATE],
    )
    yield (
        "a clean visit after a leak is ok",
        len(cleaned),
        [f"after {_name(found)}: {verdict_of(clean)}" for found, clean in cleaned if verdict_of(clean) != "ok"],
    )


def _promise(promise: str, count: int, broken: list[str]) -> bool:
    state = "broken" if broken else "kept"
    click.echo(f"{state:6}  {promise}: {count - len(broken)} of {count}")
    for text in broken:
        _print(text, "          ", "            ")
    return not broken


def _doubts(level: str, capable: Capabilities) -> Iterator[str]:
    if level != "warden":
        yield "processes that leave the process group of their visit may outlive it"
    if sys.platform != "linux":
        yield "what is left behind: processes, shared memory and semaphores cannot all be listed on this system"
    if capable.cpus < 2:
        yield "one CPU: processes never run at the same time, and races between them do not show"


def _line(found: Tried) -> str:
    wrong = found.wrong or ", ".join(found.left)
    return f"{'!!' if wrong else 'ok'}  {found.verdict:10}  {_name(found)}: {wrong or _detail(found)}"


def _detail(found: Tried) -> str:
    if isinstance(found.found, Failure):
        return safe_text(f"{found.found.stage}: {found.found.detail}")
    return ", ".join(found.found.notes) or "a number"


def _name(found: Tried) -> str:
    method = found.trial.case.start_method
    return found.trial.fault.name.removeprefix("fault:") + (f" ({method})" if method != "fork" else "")


def _print(text: str, first: str = "", later: str = "  ") -> None:
    for line in textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=later):
        click.echo(line)
