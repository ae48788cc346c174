"""The options of `run` and `all`, checked and converted to a request."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from ipcbench.cli.measuring.payloads import chosen_payloads, chosen_works
from ipcbench.cli.options import GROUPS, REPORTS, RESULTS, known, parts, whole
from ipcbench.errors import BadRequest
from ipcbench.machine.pythons import interpreters
from ipcbench.model import (
    CPUS,
    MOST_WORKERS,
    PLACEMENTS,
    START_METHODS,
    Budget,
    Interpreter,
    Timing,
    names_python,
)
from ipcbench.plan.planner import Request
from ipcbench.run.request import Destination, ResumeRequest, RunRequest
from ipcbench.shell import kept, pasted
from ipcbench.units import parse_duration, parse_rate, parse_size, rate_name, size_name

MOST_ROUNDS = 10_000

# For each effort: the rounds of `run`, and the fewest rounds and the seconds of `all`. An interval needs 5 rounds.
ROUNDS = {"fast": 5, "": 10, "rigorous": 25, "full": 5}
LEAST_ROUNDS = {"fast": 5, "": 5, "rigorous": 15}
SECONDS = {"fast": 80.0, "": 585.0, "rigorous": 2400.0}
MOST_ROUNDS_UNASKED = 30
TIMING = {"fast": Timing(values=12), "": Timing(), "rigorous": Timing()}

# Options that --resume excludes, since they would change the plan.
PLANNING = (*GROUPS["What to measure"], *GROUPS["How long"], "label", "full_metadata", "seed", "dry_run")


def make_run_request(command: str, given: dict[str, Any]) -> RunRequest:
    """Check the options of `run` or `all` and put them together; raises BadRequest and UnknownName."""
    if given["fast"] and given["rigorous"]:
        raise BadRequest("--fast and --rigorous exclude each other: choose one")
    if given["full"] and (given["suite"] or given["fast"]):
        raise BadRequest("--full measures all suites in full: leave out --suite and --fast")
    effort = "fast" if given["fast"] else "rigorous" if given["rigorous"] else ""
    seed = given["seed"] if given["seed"] is not None else random.SystemRandom().randrange(2**32)
    pythons = interpreters(given["python"])
    payloads, own = chosen_payloads(parts(given["payload"]), given["trust_pickle"], pythons)
    works, own_works = chosen_works(parts(given["work"]), pythons)
    request = Request(
        suites=parts(given["suite"]) or (("all",) if command == "all" and not given["full"] else ()),
        mechanisms=parts(given["mechanism"]),
        patterns=parts(given["pattern"]),
        sizes=_sizes(given["size"]),
        workers=_workers(given["workers"]),
        payloads=payloads,
        own_payloads=own,
        placements=tuple(known("placement", text, PLACEMENTS) for text in parts(given["placement"])),
        works=works,
        own_works=own_works,
        rates=tuple(dict.fromkeys(map(parse_rate, parts(given["rate"])))),
        cpus=tuple(known("CPUs", text, CPUS) for text in parts(given["cpus"])),
        start_methods=tuple(known("start method", text, START_METHODS) for text in parts(given["start_method"])),
        pythons=pythons,
        fast=given["fast"],
        full=given["full"],
    )
    return RunRequest(
        request=request,
        budget=_budget(command, effort, given)._replace(precision=_precision(given["precision"])),
        timing=TIMING[effort]._replace(fresh=given["fresh_interpreters"]),
        seed=seed,
        label=given["label"],
        command=_command(command, given, request, seed),
        full_metadata=given["full_metadata"],
        destination=_destination(command, given),
    )


def surplus_of(given: dict[str, Any], names: Sequence[str]) -> str:
    """Return the named options that the user gave, as written on the command line."""
    return ", ".join(f"--{name.replace('_', '-')}" for name in names if given[name] not in (None, (), False))


def make_resume_request(command: str, given: dict[str, Any]) -> ResumeRequest:
    """Check the options of `run` or `all` with --resume and put them together; raises BadRequest."""
    surplus = surplus_of(given, PLANNING)
    if surplus:
        raise BadRequest(f"--resume continues the plan that was begun: leave out {surplus}")
    return ResumeRequest(given["resume"], _destination(command, given))


def _destination(command: str, given: dict[str, Any]) -> Destination:
    results, reports, force = given["results"], given.get("reports"), given["force"]
    options = ["--results", str(results)] if results != RESULTS else []
    options += ["--reports", str(reports)] if reports not in (None, REPORTS) else []

    def resume_command(label: str, replacing: bool) -> str:
        return pasted(command, "--resume", label, *options, *(["--force"] if replacing and force else []))

    return Destination(results, reports, force, resume_command)


def _budget(command: str, effort: str, given: dict[str, Any]) -> Budget:
    rounds = whole("rounds", given["rounds"], MOST_ROUNDS) if given["rounds"] is not None else None
    seconds = parse_duration(given["budget"]) if given["budget"] is not None else None
    if rounds is not None and seconds is not None:
        raise BadRequest("--budget and --rounds exclude each other: choose one")
    if rounds is not None or seconds is not None:
        return Budget(seconds, rounds)
    if given["full"]:
        return Budget(rounds=ROUNDS["full"])
    if command == "all":
        return Budget(SECONDS[effort], None, LEAST_ROUNDS[effort], MOST_ROUNDS_UNASKED)
    return Budget(rounds=ROUNDS[effort])


def _command(command: str, given: dict[str, Any], request: Request, seed: int) -> str:
    """Return the command that repeats the run, without its label and folders, which change nothing measured."""
    words = [command]
    lists = {
        "suite": parts(given["suite"]),
        "mechanism": request.mechanisms,
        "pattern": request.patterns,
        "size": tuple(map(size_name, request.sizes)),
        "workers": tuple(map(str, request.workers)),
        "payload": tuple(_given_payload(name, request) for name in request.payloads),
        "placement": request.placements,
        "work": tuple(_given_work(name, request) for name in request.works),
        "rate": tuple(map(rate_name, request.rates)),
        "cpus": request.cpus,
        "start-method": request.start_methods,
        "python": tuple(map(_repeated, request.pythons)),
    }
    for name, chosen in lists.items():
        if chosen:
            words += [f"--{name}", ",".join(chosen)]
    flags = ("trust_pickle", "fast", "full", "rigorous", "fresh_interpreters")
    words += [f"--{name.replace('_', '-')}" for name in flags if given[name]]
    for name in ("budget", "rounds", "precision"):
        if given[name]:
            words += [f"--{name}", " ".join(given[name].split())]
    return kept(*words, "--seed", seed)


def _given_payload(name: str, request: Request) -> str:
    """Return a payload for the command that repeats the run: a path without its folders."""
    own = {payload.name: payload.source for payload in request.own_payloads}
    return name if name not in own else own[name] if ":" in own[name] else PurePath(own[name]).name


def _given_work(name: str, request: Request) -> str:
    return next((work.source for work in request.own_works if work.name == name), name)


def _repeated(python: Interpreter) -> str:
    """Return an interpreter for the command that repeats the run: name and version, without its path."""
    program = f"python{python.version}"
    return f"{python.tag}={program}" if names_python(python.tag) else program


def _sizes(texts: Sequence[str]) -> tuple[int, ...]:
    """Return sizes in bytes without duplicates; raises BadRequest, also for a comma that may be a decimal point."""
    for text in texts:
        for number, size in itertools.pairwise(part.strip() for part in text.split(",")):
            if number.isdecimal() and size[:1].isdecimal() and not size.isdecimal():
                raise BadRequest(
                    f"size '{number},{size}' is ambiguous: write {number}.{size} for one size, {number}B,{size} for two"
                )
    return tuple(dict.fromkeys(map(parse_size, parts(texts))))


def _workers(texts: Sequence[str]) -> tuple[int, ...]:
    """Return worker counts without duplicates; raises BadRequest."""
    for text in parts(texts):
        if re.fullmatch(r"[0-9]{1,9}(-|\.\.|:)[0-9]{1,9}", text):
            raise BadRequest(f"workers {text!r}: expected whole numbers separated by commas, such as 1,2,4")
    return tuple(dict.fromkeys(whole("workers", text, MOST_WORKERS) for text in parts(texts)))


def _precision(text: str | None) -> float | None:
    """Parse a share of the median, such as '5%'; raises BadRequest."""
    if text is None:
        return None
    number = text.removesuffix("%")
    if number != text and re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,4})?", number) and 0.1 <= float(number) <= 50:
        return float(number) / 100
    raise BadRequest(f"precision {text!r}: expected from 0.1% to 50%, with the % sign, such as 5%")
