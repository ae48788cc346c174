"""The options of `run` and `all`, and how they become a request."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ipcbench.errors import BadRequest, UnknownName
from ipcbench.machine.pythons import interpreters
from ipcbench.model import MOST_WORKERS, PAYLOADS, PLACEMENTS, START_METHODS, Budget, Timing
from ipcbench.plan.planner import Request
from ipcbench.run.request import Destination, ResumeRequest, RunRequest
from ipcbench.shell import kept, pasted
from ipcbench.units import parse_duration, parse_size, size_name

MOST_ROUNDS = 10_000
T = TypeVar("T")

# Rounds of `run`, least rounds and seconds of `all`, per effort. An interval wants at least 5 rounds.
ROUNDS = {"fast": 5, "": 10, "rigorous": 25, "full": 5}
LEAST_ROUNDS = {"fast": 5, "": 7, "rigorous": 15}
SECONDS = {"fast": 80.0, "": 585.0, "rigorous": 2400.0}
MOST_ROUNDS_UNASKED = 30
TIMING = {"fast": Timing(values=1), "": Timing(), "rigorous": Timing()}


RESULTS, REPORTS = Path("results"), Path("reports")
FORMATS = ("table", "markdown", "json", "csv")  # of what is compared
FEW = 8  # files that are compared one by one unless asked otherwise; more are taken for a fleet


PLANNING = (  # what cannot stand beside --resume: it would make another plan
    "suite",
    "mechanism",
    "pattern",
    "size",
    "workers",
    "payload",
    "placement",
    "start_method",
    "fast",
    "full",
    "rigorous",
    "label",
    "full_metadata",
    "python",
    "budget",
    "rounds",
    "precision",
    "seed",
    "dry_run",
)


def run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that `run` and `all` share."""
    options = [
        click.option(
            "--suite", multiple=True, metavar="NAME", help="A named selection; repeat for several; 'ipcbench list'."
        ),
        click.option(
            "--mechanism", multiple=True, metavar="NAME", help="Only these; repeat, or separate by commas; globs work."
        ),
        click.option("--pattern", multiple=True, metavar="NAME", help="Only these, such as ping-pong or access:read."),
        click.option("--size", multiple=True, metavar="SIZE", help="Payload sizes, such as 64B,64KiB,1MiB."),
        click.option("--workers", multiple=True, metavar="N", help="Worker counts, such as 1,4."),
        click.option(
            "--payload",
            multiple=True,
            metavar="KIND",
            help="bytes (default), object: a nested dict whose pickle has the size, or array: numpy float64.",
        ),
        click.option(
            "--placement",
            multiple=True,
            metavar="HOW",
            help="spread: a CPU for each process (default); pack: one for all; free: the scheduler's choice.",
        ),
        click.option("--start-method", multiple=True, metavar="HOW", help="fork (default), forkserver or spawn."),
        click.option(
            "--python",
            multiple=True,
            metavar="EXE",
            help="Measure under this interpreter, which needs pyperf; repeat to compare several, paired by round.",
        ),
        click.option("--budget", metavar="TIME", help="How long to measure, such as 90s or 10m; whole rounds only."),
        click.option("--rounds", metavar="N", help="How many rounds; each visits every case once."),
        click.option(
            "--precision",
            metavar="SHARE",
            help="Such as 5%: more rounds of what is not known that well, up to twice the rounds or the budget.",
        ),
        click.option("--fast", is_flag=True, help="Fewer cases, shorter visits, fewer rounds."),
        click.option(
            "--full",
            is_flag=True,
            help="Every suite, every mechanism in every pattern; above an hour. Of libraries what is installed.",
        ),
        click.option("--rigorous", is_flag=True, help="More rounds."),
        click.option(
            "--seed", type=click.IntRange(0, 2**32 - 1), metavar="N", help="Repeat the order of an earlier run."
        ),
        click.option("--label", metavar="NAME", help="Name of the results file. Default: machine and time."),
        click.option(
            "--results",
            type=click.Path(path_type=Path),
            default=RESULTS,
            help="Folder for results files. Default: results.",
        ),
        click.option(
            "--resume",
            metavar="LABEL",
            help="Continue a run that was stopped or killed, by its own plan.",
        ),
        click.option(
            "--force",
            is_flag=True,
            help="Overwrite the results of an existing label; with --resume, continue although machine or versions "
            "differ, and mark the result mixed.",
        ),
        click.option("--dry-run", is_flag=True, help="Only say what would be measured, what not, and how long."),
        click.option(
            "--full-metadata", is_flag=True, help="Keep all that pyperf collects: host name and paths are in the file."
        ),
        click.option("--quiet", "-q", is_flag=True, help="No progress, results only."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def make_run_request(command: str, given: dict[str, Any]) -> RunRequest:
    """Check the options of `run` or `all` and put them together; raises BadRequest and UnknownName."""
    if given["fast"] and given["rigorous"]:
        raise BadRequest("--fast and --rigorous: choose one")
    if given["full"] and (given["suite"] or given["fast"]):
        raise BadRequest("--full is everything: leave out --suite and --fast")
    effort = "fast" if given["fast"] else "rigorous" if given["rigorous"] else ""
    seed = given["seed"] if given["seed"] is not None else random.SystemRandom().randrange(2**32)
    request = Request(
        suites=parts(given["suite"]) or (("all",) if command == "all" and not given["full"] else ()),
        mechanisms=parts(given["mechanism"]),
        patterns=parts(given["pattern"]),
        sizes=_sizes(given["size"]),
        workers=_workers(given["workers"]),
        payloads=tuple(known("payload", text, PAYLOADS) for text in parts(given["payload"])),
        placements=tuple(known("placement", text, PLACEMENTS) for text in parts(given["placement"])),
        start_methods=tuple(known("start method", text, START_METHODS) for text in parts(given["start_method"])),
        pythons=interpreters(given["python"]),
        fast=given["fast"],
        full=given["full"],
    )
    return RunRequest(
        request=request,
        budget=_budget(command, effort, given)._replace(precision=_precision(given["precision"])),
        timing=TIMING[effort],
        seed=seed,
        label=given["label"],
        command=_command(command, given, request, seed),
        full_metadata=given["full_metadata"],
        destination=_destination(command, given),
    )


def surplus_of(given: dict[str, Any], names: Sequence[str]) -> str:
    """Those of these options that were given, as they are written."""
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
    if given["budget"] is not None and given["rounds"] is not None:
        raise BadRequest("--budget and --rounds: choose one")
    if given["rounds"] is not None:
        return Budget(rounds=whole("rounds", given["rounds"], MOST_ROUNDS))
    if given["budget"] is not None:
        return Budget(seconds=parse_duration(given["budget"]))
    if given["full"]:
        return Budget(rounds=ROUNDS["full"])
    if command == "all":
        return Budget(SECONDS[effort], None, LEAST_ROUNDS[effort], MOST_ROUNDS_UNASKED)
    return Budget(rounds=ROUNDS[effort])


def _command(command: str, given: dict[str, Any], request: Request, seed: int) -> str:
    """The command that repeats the run, without folders and label: they say nothing about what was measured."""
    words = [command]
    lists = {
        "suite": parts(given["suite"]),
        "mechanism": request.mechanisms,
        "pattern": request.patterns,
        "size": tuple(map(size_name, request.sizes)),
        "workers": tuple(map(str, request.workers)),
        "payload": request.payloads,
        "placement": request.placements,
        "start-method": request.start_methods,
        "python": tuple(f"python{python.version}" for python in request.pythons),
    }
    for name, chosen in lists.items():
        if chosen:
            words += [f"--{name}", ",".join(chosen)]
    words += [f"--{name}" for name in ("fast", "full", "rigorous") if given[name]]
    for name in ("budget", "rounds", "precision"):
        if given[name]:
            words += [f"--{name}", " ".join(given[name].split())]
    return kept(*words, "--seed", seed)


def _sizes(texts: Sequence[str]) -> tuple[int, ...]:
    """Sizes, each once; raises BadRequest, also for a comma that may stand for a decimal point."""
    for text in texts:
        for number, size in itertools.pairwise(part.strip() for part in text.split(",")):
            if number.isdecimal() and size[:1].isdecimal() and not size.isdecimal():
                raise BadRequest(f"size '{number},{size}': {number}.{size} is one size, {number}B,{size} are two")
    return tuple(dict.fromkeys(map(parse_size, parts(texts))))


def _workers(texts: Sequence[str]) -> tuple[int, ...]:
    """Worker counts, each once; raises BadRequest."""
    for text in parts(texts):
        if re.fullmatch(r"[0-9]{1,9}(-|\.\.|:)[0-9]{1,9}", text):
            raise BadRequest(f"workers {text!r}: expected whole numbers separated by commas, such as 1,2,4")
    return tuple(dict.fromkeys(whole("workers", text, MOST_WORKERS) for text in parts(texts)))


def _precision(text: str | None) -> float | None:
    """A share of the median, such as '5%'; raises BadRequest."""
    if text is None:
        return None
    number = text.removesuffix("%")
    if number != text and re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,4})?", number) and 0.1 <= float(number) <= 50:
        return float(number) / 100
    raise BadRequest(f"precision {text!r}: expected from 0.1% to 50%, with the % sign, such as 5%")


def parts(texts: Sequence[str]) -> tuple[str, ...]:
    """Values of a repeatable, comma-separated option, in order, each once."""
    return tuple(dict.fromkeys(part.strip() for text in texts for part in text.split(",")))


def whole(what: str, text: str, most: int) -> int:
    """A whole number from 1 on; raises BadRequest."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most):
        raise BadRequest(f"{what} {text!r}: expected a whole number from 1 to {most:,}")
    return int(text)


def known(what: str, text: str, names: Sequence[T]) -> T:
    """The one of these names that was given; raises UnknownName."""
    for name in names:
        if name == text:
            return name
    raise UnknownName(what, text, map(str, names))
