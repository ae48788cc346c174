"""What `fleet plan` and `fleet run` do: connect, look who is there, and measure on each host in a thread of its own."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipcbench.cli.exit_codes import severest
from ipcbench.run.execute import Finish
from ipcbench.run.session import begin, resume
from ipcbench.cli.options import FEW, RESULTS, Order, Resumption, make_order, make_resumption, surplus_of
from ipcbench.cli.output import about, printing, say, say_prose, tell
from ipcbench.cli.planning import planned
from ipcbench.cli.progress import Lines, Quiet
from ipcbench.run.save import refuse_existing
from ipcbench.cli.summary import count, outlook, self_check_line, skip_lines, summary_lines
from ipcbench.errors import BadRequest, IpcbenchError, ResultError
from ipcbench.fleet.checks import doubts, hosts, problems, refuse_open
from ipcbench.fleet.client import RETRIES, Fleet, Presence, Tls
from ipcbench.fleet.visitor import DEATHS, HostSite, Ledger
from ipcbench.results.store import check_label
from ipcbench.run.cost import fitted, time_to_start
from ipcbench.run.journal.file import SUFFIX
from ipcbench.run.stop import Stop
from ipcbench.shell import file_argument, pasted
from ipcbench.units import parse_duration

_HOST = r"[0-9a-f]{8}"


@dataclass(slots=True)
class Job:
    """What is to be done on one host, and what it came to: a Finish, or the error that ended it."""

    name: str
    work: Callable[[HostSite], Finish]
    finish: Finish | None = None
    error: Exception | None = None

    @property
    def code(self) -> int:
        """Its exit code."""
        if isinstance(self.error, IpcbenchError):
            return self.error.exit_code
        return self.finish.code if self.finish else 1


def show(given: dict[str, Any]) -> int:
    """Print the hosts and what each would run; the exit code."""
    _refuse_alone(given, ("resume",))
    order = make_order("run", given)
    with _connected(given) as fleet, Stop() as stop:
        present, absent = fleet.survey()
        for found in present:
            python = f"Python {found.python}, ipcbench {found.version}"
            say(f"host {found.name} at {found.address}: {count(found.cpus, 'usable CPU')}, {python}")
        wrong = list(problems(present, absent))
        for line in [*wrong, *doubts(present)]:
            say(line)
        if order.label is not None:
            for found in present:
                check_label(f"{order.label}-{found.name}")
        if wrong:
            return BadRequest.exit_code
        deaths = fleet.allowed_failures()
        by_dask = f" (Dask's own limit: {deaths})" if deaths is not None else ""
        say(
            f"what raises on a host is tried {count(1 + RETRIES, 'time')}, a visit under which the Dask worker dies "
            f"{count(DEATHS, 'time')}{by_dask}"
        )
        return severest(*(_show(_site_of(fleet, found.name, stop, Ledger()), order) for found in present))


def _show(site: HostSite, order: Order) -> int:
    try:
        plan = planned(_of_host(order, site.name), site)
        with contextlib.closing(site.visits(plan, site.stop)) as visits:
            start = time_to_start(plan, visits.visit)
        say(f"host {site.name}: {outlook(fitted(plan, start), start, False)}")
        for line in skip_lines(plan.skips):
            say_prose(f"host {site.name}: {line}")
    except IpcbenchError as error:
        say(f"host {site.name}: {error}")
        return error.exit_code
    return 0


def measure(given: dict[str, Any]) -> int:
    """Measure on all hosts and say what it came to; the exit code."""
    _refuse_alone(given, ("dry_run",))
    with _connected(given) as fleet, Stop() as stop:
        present = hosts(*fleet.survey())
        if not given["quiet"]:
            for line in doubts(present):
                tell(line)
        label, jobs = _continued(given, present) if given["resume"] is not None else _ordered(given, present)
        ledger = Ledger()
        _carry_out(jobs, {job.name: _site_of(fleet, job.name, stop, ledger) for job in jobs})
        for job in jobs:
            if job.error and not isinstance(job.error, IpcbenchError):
                raise job.error
        code = severest(*(job.code for job in jobs))
        with printing(code):
            _say_all(jobs, ledger)
            if sum(job.finish is not None for job in jobs) > 1:
                say(f"to see who differs: {_report(given['results'], label)}")
            if any(_path(given["results"], label, job.name).with_suffix(SUFFIX).exists() for job in jobs):
                say(f"to continue: {again(given, label)}")
        return code


def _ordered(given: dict[str, Any], present: Sequence[Presence]) -> tuple[str, list[Job]]:
    """A new run on each host; raises BadRequest and ResultError before any begins."""
    order = make_order("run", given)
    label = order.label if order.label is not None else f"fleet-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    keeping = replace(order.keeping, again=again(given, label))
    jobs = []
    for found in present:
        own = replace(_of_host(order, found.name), label=check_label(f"{label}-{found.name}"), keeping=keeping)
        refuse_existing(_path(keeping.results, label, found.name), keeping.force)
        jobs.append(Job(found.name, lambda site, own=own: begin(own, site)))  # type: ignore[misc]
    return label, jobs


def _of_host(order: Order, name: str) -> Order:
    """The order with a seed of this host's own: seed and start are what a run is known by."""
    seed = (order.seed + int(name, 16)) % 2**32
    return replace(order, seed=seed, command=f"{order.command.rpartition(' ')[0]} {seed}")


def _continued(given: dict[str, Any], present: Sequence[Presence]) -> tuple[str, list[Job]]:
    """What is left of a run, on the hosts that are there; raises ResultError if nothing is."""
    wanted = make_resumption("run", given)
    label, there = check_label(wanted.label), {found.name for found in present}
    keeping = replace(wanted.keeping, again=again(given, label))
    begun = {name: path for path in keeping.results.glob(f"{label}-*{SUFFIX}") if (name := _name(path, label))}
    over = {name for path in keeping.results.glob(f"{label}-*.json") if (name := _name(path, label))} - set(begun)
    for name in sorted(set(begun) - there):
        tell(f"host {name} is not there: {begun[name]} stays as it is")
    for name in sorted(there - set(begun)):
        tell(f"host {name}: {'complete' if name in over else f'was not part of {label}, and is left out'}")
    names = sorted(set(begun) & there)
    if not names:
        raise ResultError(f"nothing of {label} to continue on these hosts: no {keeping.results}/{label}-<host>{SUFFIX}")
    return label, [
        Job(name, lambda site, name=name: resume(Resumption(f"{label}-{name}", keeping), site))  # type: ignore[misc]
        for name in names
    ]


def _carry_out(jobs: Sequence[Job], sites: dict[str, HostSite]) -> None:
    """Do all jobs, each in a thread of its own; a second signal ends the waiting and not what is being saved."""

    def work(job: Job) -> None:
        with about(f"host {job.name}"):
            try:
                job.finish = job.work(sites[job.name])
            except Exception as error:  # for whoever waits for the thread
                job.error = error
                tell(f"ipcbench: {error}")

    threads = [threading.Thread(target=work, args=(job,), name=job.name) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _say_all(jobs: Sequence[Job], ledger: Ledger) -> None:
    """What was found on each host, and how to compare it."""
    kept = []
    for job in jobs:
        if job.finish is None:
            say(f"host {job.name}: {job.error}")
            continue
        if job.finish.result.ipcbench.rounds:
            kept.append(job.finish.path)
        closing = [] if job.finish.stopped else [self_check_line(job.finish.result)]
        for line in [*summary_lines(job.finish.result, job.finish.path), *closing]:
            say_prose(f"host {job.name}: {line}")
    if ledger.dropped:
        say(f"{count(ledger.dropped, 'result')} came twice and counted once")
    if 1 < len(kept) <= FEW:
        say(f"to compare: {pasted('compare', *map(file_argument, kept))}")


@contextlib.contextmanager
def _connected(given: dict[str, Any]) -> Iterator[Fleet]:
    """The fleet of these options; raises BadRequest."""
    files = [given[name] for name in ("tls_ca", "tls_cert", "tls_key")]
    if any(files) and not all(files):
        raise BadRequest("--tls-ca, --tls-cert and --tls-key: give all three or none")
    fleet = Fleet.connect(given["scheduler"], Tls(*files) if all(files) else None, parse_duration(given["grace"]))
    with contextlib.closing(fleet):
        refuse_open(fleet, given["trusted_network"])
        yield fleet


def _site_of(fleet: Fleet, name: str, stop: Stop, ledger: Ledger) -> HostSite:
    return HostSite(fleet, name, stop, ledger, lambda quiet: Quiet() if quiet else Lines())


def _refuse_alone(given: dict[str, Any], more: Sequence[str]) -> None:
    """Raise BadRequest for options that make sense on one machine only."""
    if given["dry_run"] and "dry_run" in more:
        raise BadRequest("--dry-run is for one machine: 'ipcbench fleet plan' shows what each host would run")
    surplus = surplus_of(given, ("python", *more))
    if surplus:
        raise BadRequest(f"a fleet measures under the Python of its workers, and writes new files: leave out {surplus}")


def again(given: dict[str, Any], label: str) -> str:
    """The command that continues what was given."""
    words = ["fleet", "run", "--scheduler", given["scheduler"], "--resume", label]
    for name in ("tls_ca", "tls_cert", "tls_key"):
        words += [f"--{name.replace('_', '-')}", given[name]] if given[name] else []
    words += ["--trusted-network"] if given["trusted_network"] else []
    words += ["--results", str(given["results"])] if given["results"] != RESULTS else []
    words += ["--force"] if given["force"] else []
    return pasted(*words)


def _report(results: Path, label: str) -> str:
    """The command that reports on all hosts of a label, with and without a place of its own for results."""
    place = ["--results", str(results)] if results != RESULTS else []
    return pasted("fleet", "report", label, *place)


def _path(results: Path, label: str, name: str) -> Path:
    return results / f"{label}-{name}.json"


def _name(path: Path, label: str) -> str:
    """The host of a file's name; empty where it has none."""
    found = re.fullmatch(rf"{re.escape(label)}-({_HOST})", path.stem)
    return found[1] if found else ""
