"""The steps of `fleet plan` and `fleet run`: check the options, plan or measure, print."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipcbench.cli.exit_codes import severest
from ipcbench.cli.measuring.listener import Terminal
from ipcbench.cli.measuring.request import make_resume_request, make_run_request, surplus_of
from ipcbench.cli.measuring.session import code_of
from ipcbench.cli.measuring.summary import outlook, self_check_line, skip_lines, summary_lines
from ipcbench.cli.options import FEW, RESULTS
from ipcbench.cli.output import printing, say, say_prose, tell
from ipcbench.errors import BadRequest, IpcbenchError
from ipcbench.fleet.checks import doubts, hosts, problems, refuse_open
from ipcbench.fleet.client import RETRIES, Fleet, Presence, Tls
from ipcbench.fleet.session import Job, file_of, jobs_left, left_out, new_jobs, of_host, run_jobs
from ipcbench.fleet.visitor import DEATHS, Deliveries, HostSite
from ipcbench.results.store import check_label
from ipcbench.run.cost import fitted, time_to_start
from ipcbench.run.journal.file import SUFFIX
from ipcbench.run.request import RunRequest
from ipcbench.run.session import plan_run
from ipcbench.run.stop import Stop
from ipcbench.shell import file_argument, pasted
from ipcbench.text import count
from ipcbench.units import parse_duration


def show(given: dict[str, Any]) -> int:
    """Print the hosts and what each would run; return the exit code."""
    _refuse_options(given, ("resume",))
    request = _request(given)
    with _connected(given) as fleet, Stop() as stop:
        present, absent = fleet.survey()
        for found in present:
            python = f"Python {found.python}, ipcbench {found.version}"
            say(f"host {found.name} at {found.address}: {count(found.cpus, 'usable CPU')}, {python}")
        wrong = list(problems(present, absent))
        for line in [*wrong, *doubts(present)]:
            say(line)
        if request.label is not None:
            for found in present:
                check_label(f"{request.label}-{found.name}")
        if wrong:
            return BadRequest.exit_code
        deaths = fleet.allowed_failures()
        by_dask = f" (Dask's own limit: {deaths})" if deaths is not None else ""
        say(
            f"a task that fails on a host is tried {count(1 + RETRIES, 'time')}, a visit during which the Dask worker "
            f"dies {count(DEATHS, 'time')}{by_dask}"
        )
        return severest(*(_show(HostSite(fleet, found.name, stop, Deliveries()), request) for found in present))


def _show(site: HostSite, request: RunRequest) -> int:
    try:
        plan = plan_run(of_host(request, site.name), site, Terminal(quiet=False))
        with contextlib.closing(site.visits(plan, site.stop)) as visits:
            start = time_to_start(plan, visits.sitting)
        say(f"host {site.name}: {outlook(fitted(plan, start), start, False)}")
        for line in skip_lines(plan.skips):
            say_prose(f"host {site.name}: {line}")
    except IpcbenchError as error:
        say(f"host {site.name}: {error}")
        return error.exit_code
    return 0


def measure(given: dict[str, Any]) -> int:
    """Measure on all hosts and print what was found; return the exit code."""
    _refuse_options(given, ("dry_run",))
    with _connected(given) as fleet, Stop() as stop:
        present = hosts(*fleet.survey())
        if not given["quiet"]:
            for line in doubts(present):
                tell(line)
        label, jobs = _jobs(given, present)
        dropped = run_jobs(fleet, jobs, stop, lambda host: Terminal(given["quiet"], host=host))
        for job in jobs:
            if job.error and not isinstance(job.error, IpcbenchError):
                raise job.error
        code = severest(*map(_code_of, jobs))
        with printing(code):
            _say_all(jobs, dropped)
            if sum(job.finished is not None for job in jobs) > 1:
                say(f"to see who differs: {report_command(given['results'], label)}")
            if any(file_of(given["results"], label, job.host).with_suffix(SUFFIX).exists() for job in jobs):
                say(f"to continue: {resume_command(given, label)}")
        return code


def _request(given: dict[str, Any]) -> RunRequest:
    """Return the request of `fleet run`; raises BadRequest, also for a payload or work that only this machine has."""
    request = make_run_request("run", given)
    for payload in request.request.own_payloads:
        raise BadRequest(
            f"--payload {payload.source}: the hosts of a fleet do not have it; a fleet measures built-in kinds"
        )
    for work in request.request.own_works:
        raise BadRequest(f"--work {work.source}: the hosts of a fleet do not have it; it takes a time, such as 2ms")
    return request


def _jobs(given: dict[str, Any], present: Sequence[Presence]) -> tuple[str, list[Job]]:
    """Return the label and a job for each host; raises BadRequest and ResultError before any begins."""
    if given["resume"] is None:
        request = _request(given)
        label = request.label if request.label is not None else f"fleet-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        destination = replace(request.destination, resume_command=lambda *_: resume_command(given, label))
        return label, new_jobs(replace(request, destination=destination), label, present)
    resumed = make_resume_request("run", given)
    label = resumed.label
    destination = replace(resumed.destination, resume_command=lambda *_: resume_command(given, label))
    for line in left_out(resumed, present):
        tell(line)
    return label, jobs_left(replace(resumed, destination=destination), present)


def _code_of(job: Job) -> int:
    if isinstance(job.error, IpcbenchError):
        return job.error.exit_code
    return code_of(job.finished) if job.finished else 1


def _say_all(jobs: Sequence[Job], dropped: int) -> None:
    """Print the findings of each host, and the command that compares them."""
    kept = []
    for job in jobs:
        if job.finished is None:
            say(f"host {job.host}: {job.error}")
            continue
        if job.finished.result.ipcbench.rounds:
            kept.append(job.finished.path)
        closing = [] if job.finished.stopped_by else [self_check_line(job.finished.result)]
        for line in [*summary_lines(job.finished.result, job.finished.path), *closing]:
            say_prose(f"host {job.host}: {line}")
    if dropped:
        say(f"{count(dropped, 'result')} came twice and counted once")
    if 1 < len(kept) <= FEW:
        say(f"to compare: {pasted('compare', *map(file_argument, kept))}")


@contextlib.contextmanager
def _connected(given: dict[str, Any]) -> Iterator[Fleet]:
    """Connect to the fleet that the options name; raises BadRequest."""
    files = [given[name] for name in ("tls_ca", "tls_cert", "tls_key")]
    if any(files) and not all(files):
        raise BadRequest("--tls-ca, --tls-cert and --tls-key: give all three or none")
    fleet = Fleet.connect(given["scheduler"], Tls(*files) if all(files) else None, parse_duration(given["grace"]))
    with contextlib.closing(fleet):
        refuse_open(fleet, given["trusted_network"])
        yield fleet


def _refuse_options(given: dict[str, Any], more: Sequence[str]) -> None:
    """Raise BadRequest for options that make sense on one machine only."""
    if given["dry_run"] and "dry_run" in more:
        raise BadRequest("--dry-run is for one machine: 'ipcbench fleet plan' shows what each host would run")
    surplus = surplus_of(given, ("python", *more))
    if surplus:
        raise BadRequest(f"a fleet measures under the Python of its workers, and writes new files: leave out {surplus}")


def resume_command(given: dict[str, Any], label: str) -> str:
    """Return the command that continues a run of these options."""
    words = ["fleet", "run", "--scheduler", given["scheduler"], "--resume", label]
    for name in ("tls_ca", "tls_cert", "tls_key"):
        words += [f"--{name.replace('_', '-')}", given[name]] if given[name] else []
    words += ["--trusted-network"] if given["trusted_network"] else []
    words += ["--results", str(given["results"])] if given["results"] != RESULTS else []
    words += ["--force"] if given["force"] else []
    return pasted(*words)


def report_command(results: Path, label: str) -> str:
    """Return the command that reports on all hosts of a label."""
    place = ["--results", str(results)] if results != RESULTS else []
    return pasted("fleet", "report", label, *place)
