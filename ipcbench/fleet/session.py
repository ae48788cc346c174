"""Measure on many hosts: each host has its own run, in its own thread."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ipcbench.errors import ResultError
from ipcbench.fleet.client import Fleet, Presence
from ipcbench.fleet.visitor import Deliveries, HostSite
from ipcbench.results.store import check_label
from ipcbench.run.execute import FinishedRun
from ipcbench.run.journal.file import SUFFIX
from ipcbench.run.listener import Listener
from ipcbench.run.request import ResumeRequest, RunRequest
from ipcbench.run.save import refuse_existing
from ipcbench.run.session import run
from ipcbench.run.stop import Stop

_HOST = r"[0-9a-f]{8}"


@dataclass(slots=True)
class Job:
    """The run of one host, and how it ended: as a finished run, or with an error."""

    host: str
    request: RunRequest | ResumeRequest
    finished: FinishedRun | None = None
    error: Exception | None = None


def new_jobs(request: RunRequest, label: str, present: Sequence[Presence]) -> list[Job]:
    """Return a new run for each host; raises BadRequest and ResultError before any begins."""
    jobs = []
    for found in present:
        own = replace(of_host(request, found.name), label=check_label(f"{label}-{found.name}"))
        refuse_existing(file_of(own.destination.results, label, found.name), own.destination.force)
        jobs.append(Job(found.name, own))
    return jobs


def of_host(request: RunRequest, host: str) -> RunRequest:
    """Return the request with a seed for this host, since seed and start identify a run."""
    seed = (request.seed + int(host, 16)) % 2**32
    return replace(request, seed=seed, command=f"{request.command.rpartition(' ')[0]} {seed}")


def jobs_left(request: ResumeRequest, present: Sequence[Presence]) -> list[Job]:
    """Return the runs of a label to be continued on these hosts; raises ResultError if there are none."""
    label, results = check_label(request.label), request.destination.results
    hosts = sorted(_begun(results, label).keys() & {found.name for found in present})
    if not hosts:
        raise ResultError(f"nothing of {label} to continue on these hosts: no {results}/{label}-<host>{SUFFIX}")
    return [Job(host, replace(request, label=f"{label}-{host}")) for host in hosts]


def left_out(request: ResumeRequest, present: Sequence[Presence]) -> Iterator[str]:
    """Yield a line for each host on which nothing is continued, with the reason."""
    label, results = check_label(request.label), request.destination.results
    begun, there = _begun(results, label), {found.name for found in present}
    for host in sorted(set(begun) - there):
        yield f"host {host} is not there: {begun[host]} stays as it is"
    for host in sorted(there - set(begun)):
        over = file_of(results, label, host).exists()
        yield f"host {host}: {'complete' if over else f'was not part of {label}, and is left out'}"


def run_jobs(fleet: Fleet, jobs: Sequence[Job], stop: Stop, listen: Callable[[str], Listener]) -> int:
    """Run all jobs at the same time; return how many duplicate results were dropped.

    A second signal ends the waiting for visits, but not the saving. An error that ends a job is kept in the job.
    """
    deliveries = Deliveries()

    def work(job: Job) -> None:
        listener = listen(job.host)
        try:
            job.finished = run(job.request, HostSite(fleet, job.host, stop, deliveries), listener)
        except Exception as error:  # a thread has nowhere to raise it
            job.error = error
            listener.warned(str(error))

    threads = [threading.Thread(target=work, args=(job,), name=job.host) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return deliveries.dropped


def file_of(results: Path, label: str, host: str) -> Path:
    """Return the results file of one host."""
    return results / f"{label}-{host}.json"


def _begun(results: Path, label: str) -> dict[str, Path]:
    """Return the journals of a label, by host."""
    found = {path: re.fullmatch(rf"{re.escape(label)}-({_HOST})", path.stem) for path in results.glob(f"*{SUFFIX}")}
    return {host[1]: path for path, host in found.items() if host}
