"""The steps of `which`: try the candidates, measure those that are left, answer."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ipcbench.analysis.advice.need import LOOP, LOOP_QUESTION, THREADS, Need
from ipcbench.cli.answering.need import fitting, make_need, words_of
from ipcbench.cli.exit_codes import NOT_SAVED, severest
from ipcbench.cli.measuring.listener import Terminal
from ipcbench.cli.measuring.payloads import chosen_payloads, chosen_works
from ipcbench.cli.measuring.session import code_of
from ipcbench.cli.options import RESULTS
from ipcbench.cli.output import tell
from ipcbench.errors import BadRequest, Interrupted, ResultError
from ipcbench.model import CPUS, PLACEMENTS, Budget, OwnPayload, OwnWork, Timing
from ipcbench.plan.planner import Request
from ipcbench.results.store import check_label, check_writable
from ipcbench.run.containment.run_folder import RunFolder
from ipcbench.run.execute import FinishedRun
from ipcbench.run.journal.file import SUFFIX
from ipcbench.run.local import Local
from ipcbench.run.request import Destination, RunRequest
from ipcbench.run.session import run
from ipcbench.run.trial import LEAST_ROUNDS, TOO_SLOW, Trial, narrowed
from ipcbench.shell import file_argument, kept, pasted
from ipcbench.text import count
from ipcbench.units import format_duration, format_size, parse_duration

MOST_ROUNDS = 30
BESIDE = 1.0  # seconds, to start the interpreter and the run, and to print the answer
NOT_KEPT = "which"  # the label of a run that is not kept
ALONE = {  # what only a scenario sets
    "folder": None,
    "force": False,
    "reports": None,
    "command": "",
    "instead": "choose another label for --save",
}
TOO_EARLY = f"stopped before {LEAST_ROUNDS} rounds were complete: no answer"


def measure_need(given: dict[str, Any], style: str) -> int:
    """Measure as the options of `which` or `scenario` say, print the answer and return the exit code.

    Raises BadRequest and ResultError before the first visit, and Interrupted if a signal comes before there is an
    answer.
    """
    begun, given = time.monotonic(), ALONE | given
    (payload,), own = chosen_payloads([given["payload"]], given["trust_pickle"], folder=given["folder"])
    if own and given["size"] is not None:
        raise BadRequest(f"--payload {given['payload']} has its own size, {format_size(own[0].size)}: leave out --size")
    (work,), own_works = chosen_works([given["work"]], folder=given["folder"])
    sized = {"payload": payload, "size": f"{own[0].size}B"} if own else {}
    need = make_need(given | sized | {"work": work})
    request = _request(need, given, own, own_works)

    # Before measuring, so that the answer follows the last round at once.
    from ipcbench.cli.answering.answer import answer, print_answer
    from ipcbench.report.content.advice import source_of

    beside = ((LOOP_QUESTION, LOOP), (need.unloaded, THREADS)) if need.load.works else ()
    finished, left_out = _measured(request, beside, time.monotonic() - begun + BESIDE, given["save"] is not None)
    code = code_of(finished)
    found = answer(finished.result, need, left_out)
    if finished.findings.rounds < LEAST_ROUNDS or not found.options:
        return _without_answer(finished, code, given["save"] is not None)
    file = str(finished.path) if given["save"] is not None else ""
    source = source_of(file, finished.result.ipcbench, here=True, seconds=time.monotonic() - begun)
    print_answer(found, source, style, code)
    if given["reports"]:
        return severest(code, _write_report(finished, given["reports"]))
    if file:
        tell(f"to report: {pasted('report', file_argument(finished.path))}")
    return code


def _write_report(finished: FinishedRun, folder: Path) -> int:
    """Write the report of a run, say where it is, and return the exit code of that."""
    from ipcbench.report import write

    record = finished.result.ipcbench
    try:
        page = write(finished.result, folder / record.label, (finished.path.name, record.digest))
    except ResultError as error:
        tell(f"ipcbench: {error}")
        return NOT_SAVED
    tell(f"report: {page}")
    return 0


def _without_answer(finished: FinishedRun, code: int, save: bool) -> int:
    """Print why there is no answer, and return the exit code; raises Interrupted if it is a signal."""
    where = f"; what was measured is in {finished.path}; to continue: {finished.resuming}" if save else ""
    if finished.stopped_by is not None:
        raise Interrupted(finished.stopped_by, f"{TOO_EARLY}{where}")
    failed = [f"{case.mechanism}: {failure.detail}" for case, failure in finished.findings.failures.items()]
    tell(f"ipcbench: no answer: {'; '.join(failed) or 'too few rounds are complete'}")
    return code or NOT_SAVED


def _request(
    need: Need, given: dict[str, Any], own: Sequence[OwnPayload], own_works: tuple[OwnWork, ...]
) -> RunRequest:
    """Return the run of all mechanisms that fit a need; raises BadRequest, and ResultError if its label is taken."""
    label, results, seconds = given["save"], given["results"], parse_duration(given["budget"])
    if label is not None:
        path = results / f"{check_label(label)}.json"
        if not given["force"] and (path.exists() or path.with_suffix(SUFFIX).exists()):
            raise ResultError(f"{path} exists: {given['instead']}")
        for folder in filter(None, (results, given["reports"])):
            check_writable(folder)

    def resume_command(label: str, _replacing: bool) -> str:
        return pasted("run", "--resume", label, *(["--results", str(results)] if results != RESULTS else []))

    return RunRequest(
        request=Request(
            mechanisms=tuple(fitting(need)),
            patterns=(need.unloaded,),
            sizes=() if own else (need.size,),
            workers=(need.workers,),
            payloads=(need.payload,),
            own_payloads=tuple(own),
            placements=tuple(name for name in PLACEMENTS if name == need.placement),
            cpus=tuple(name for name in CPUS if name == need.cpus),
            works=(need.load.work,),
            own_works=own_works,
            rates=(need.load.rate,),
        ),
        budget=Budget(seconds, least_rounds=LEAST_ROUNDS, most_rounds=MOST_ROUNDS),
        timing=Timing(),
        seed=random.SystemRandom().randrange(2**32),
        label=label or NOT_KEPT,
        command=given["command"] or kept("which", *words_of(given), "--budget", given["budget"].strip()),
        full_metadata=False,
        destination=Destination(results, None, given["force"], resume_command),
    )


def _measured(
    request: RunRequest, beside: tuple[tuple[str, str], ...], spent: float, save: bool
) -> tuple[FinishedRun, Mapping[str, str]]:
    """Try and measure; return the run, and why mechanisms were left out of it. Raises Interrupted.

    beside are questions to one mechanism each that are no candidates. spent is the part of the budget, in seconds, that
    is not for measuring.
    """
    listener = Terminal(quiet=False)
    with Local().stopping() as stop, contextlib.ExitStack() as stack:
        budget = request.budget.seconds or 0.0
        within = request.budget._replace(seconds=max(budget - spent, 0.0))
        trial = narrowed(replace(request, budget=within), Local(stop), listener)
        if trial.slow:
            tell(_narrowed_words(trial, budget, spent))
        request, own = replace(trial.request, request=replace(trial.request.request, beside=beside)), None
        if not save:
            own = stack.enter_context(contextlib.closing(RunFolder()))
            request = replace(request, destination=replace(request.destination, results=own.path))
        try:
            finished = run(request, Local(stop, own), listener)
        except Interrupted as error:
            if save:
                raise
            raise Interrupted(error.exit_code - 128, TOO_EARLY) from error
    reason = f"took more than {TOO_SLOW}× as long as {trial.fastest} in a first trial"
    return finished, dict.fromkeys(trial.slow, reason)


def _narrowed_words(trial: Trial, budget: float, spent: float) -> str:
    """Return why candidates are left out, and the budget in seconds that measures all."""
    enough = 5 * math.ceil((trial.needed + spent) / 5)
    many = f"{count(trial.tried, 'candidate')} are too many for {format_duration(budget)}"
    slow = (
        f"{len(trial.slow)} that took more than {TOO_SLOW}× as long as {trial.fastest} in a first trial are ruled out"
    )
    return f"{many}: {slow}; --budget {enough}s measures all"
