"""Options that several commands share, their layout in `--help`, and parsers of their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ipcbench.errors import BadRequest, UnknownName

T = TypeVar("T")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

RESULTS, REPORTS = Path("results"), Path("reports")
FEW = 8  # files that `compare` compares one by one; it takes more for a fleet, unless --no-fleet is given
_WIDEST = 30  # characters of an option and its metavar; click puts the help of a longer one on the next line

# The groups of options that `--help` of `run` and `all` shows.
GROUPS = {
    "What to measure": (
        *("suite", "mechanism", "pattern", "size", "workers"),
        *(
            "payload",
            "trust_pickle",
            "work",
            "rate",
            "placement",
            "cpus",
            "start_method",
            "python",
            "fresh_interpreters",
        ),
    ),
    "How long": ("fast", "rigorous", "full", "budget", "rounds", "precision"),
    "Results": ("label", "results", "reports", "resume", "force", "full_metadata"),
}


class GroupedCommand(click.Command):
    """A command whose options are listed in groups; groups maps headings to names of parameters.

    Options that no group names are listed last.
    """

    def __init__(self, *args: Any, groups: Mapping[str, Sequence[str]], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        rows = {option.name: row for option in options if (row := option.get_help_record(ctx))}
        longest = min(max(len(option) for option, _ in rows.values()), _WIDEST)
        padded = {name: (f"{option:{longest}}", text) for name, (option, text) in rows.items()}
        grouped = {name for names in self.groups.values() for name in names}
        others = [name for name in padded if name not in grouped]
        for heading, names in (*self.groups.items(), ("Other options", others)):
            shown = [padded[name] for name in names if name in padded]
            if shown:
                with formatter.section(heading):
                    formatter.write_dl(shown)


def options(*every: Decorator) -> Decorator:
    """Combine options into one decorator; `--help` lists them in this order."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(every):
            function = option(function)
        return function

    return add


def folder_option(text: str, name: str = "--results", default: Path | None = RESULTS) -> Decorator:
    """Return an option that takes a path, --results by default; text is its help."""
    return click.option(name, type=click.Path(path_type=Path), default=default, metavar="FOLDER", help=text)


results_option = folder_option("Folder where labels are looked up. Default: results.")


def comparison_options(everything: str, page: str, place: str) -> Decorator:
    """Return the options that `compare` and `fleet report` share.

    everything is the help of --all; the page, or report, with charts is written to reports/<place>.
    """
    kinds = ("table", "markdown", "json", "csv")
    return options(
        results_option,
        click.option(
            "--filter", "filters", multiple=True, metavar="FIELD=VALUE,…", help="Only these cases; repeatable."
        ),
        click.option(
            "--format",
            "kind",
            type=click.Choice(kinds),
            default="table",
            metavar="FORMAT",
            help="table (default), markdown, json or csv.",
        ),
        click.option(
            "--output",
            "-o",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Write to this file instead of stdout.",
        ),
        click.option("--all", "everything", is_flag=True, help=everything),
        click.option("--charts", is_flag=True, help=f"Also write a {page} with charts, to reports/{place}."),
        folder_option(f"Also write that {page}, to this folder.", "--report", None),
    )


# The options that `advise` and `which` share: what the user needs.
NEED_GROUPS = {
    "What you need": ("producers", "consumers", "size", "payload", "work", "rate", "need", "must", "rank_by"),
    "Which mechanisms": ("family", "mechanism", "stdlib", "placement", "cpus"),
}
USUAL_NEED = {"producers": "1", "consumers": "1", "payload": "bytes", "work": "0", "rate": "0"}
FORMATS = ("table", "markdown", "json")
_PAYLOAD = (
    "bytes (default), str, object (a nested dict), dataclass, array (of numpy), dataframe (of pandas), arrow (a record "
    "batch) or tensor (of torch); or your own: module:function, a file, or a folder of files."
)
_WORK = "CPU time that a receiver spends on each message, such as 5ms, or your function module:function of the message."
_RATE = "Messages sent per second, by all senders together, such as 30/s or 10k/s."
trust_option = click.option(
    "--trust-pickle", is_flag=True, help="Read files of --payload that are pickles; reading one runs the code in it."
)
need_options = options(
    click.option(
        "--producers",
        default=USUAL_NEED["producers"],
        metavar="N",
        help="Number of processes that send. Default: 1.",
    ),
    click.option(
        "--consumers",
        default=USUAL_NEED["consumers"],
        metavar="N",
        help="Number of processes that receive. Default: 1.",
    ),
    click.option("--size", metavar="SIZE", help="Payload size, such as 64KiB. Default: 64B, or 8B for shared state."),
    click.option("--payload", default=USUAL_NEED["payload"], metavar="KIND", help=_PAYLOAD),
    click.option("--work", default=USUAL_NEED["work"], metavar="TIME", help=f"{_WORK} Default: 0."),
    click.option("--rate", default=USUAL_NEED["rate"], metavar="RATE", help=f"{_RATE} Default: as fast as it goes."),
    click.option(
        "--need",
        default="",
        metavar="WHAT",
        help="latency, throughput, tasks, state, read, write, or a pattern such as pipeline. Default: derived from "
        "--producers and --consumers.",
    ),
    click.option(
        "--must",
        multiple=True,
        metavar="WHAT",
        help="block (default: no spinning) or any (spinning too); many-senders, many-receivers, many-to-many, "
        "end-of-file, cross-host, ordered, objects. Repeatable; commas work.",
    ),
    click.option(
        "--rank-by",
        default="",
        metavar="WHAT",
        help="time (default), cpu (per operation), memory (of all processes), or p99 (the delay that 99 % of the "
        "messages do not exceed; default with --rate).",
    ),
    click.option("--family", default="", metavar="NAME", help="Only this family, such as queues."),
    click.option("--mechanism", multiple=True, metavar="NAME", help="Only these mechanisms; globs work."),
    click.option("--stdlib", is_flag=True, help="Only mechanisms of the standard library."),
    click.option("--placement", default="", metavar="HOW", help="spread, pack or free. Default: the usual one."),
    click.option("--cpus", default="", metavar="HOW", help="idle or awake. Default: the usual one."),
    click.option("--format", "style", default="table", metavar="FORMAT", help="table (default), markdown or json."),
)


def _seed(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Parse a seed, a whole number from 0; raises BadRequest."""
    return None if text is None else whole("seed", text, 2**32 - 1, least=0)


# The options that `run` and `all` share.
run_options = options(
    click.option(
        "--suite", multiple=True, metavar="NAME", help="Measure this suite; repeatable. 'ipcbench list' shows all."
    ),
    click.option(
        "--mechanism",
        multiple=True,
        metavar="NAME",
        help="Only these mechanisms; repeatable. Commas and globs work: queue,'manager-*'.",
    ),
    click.option(
        "--pattern", multiple=True, metavar="NAME", help="Only these patterns, such as ping-pong or access:read."
    ),
    click.option("--size", multiple=True, metavar="SIZE", help="Only these payload sizes, such as 64B,64KiB,1MiB."),
    click.option("--workers", multiple=True, metavar="N", help="Only these numbers of workers, such as 1,4."),
    click.option("--payload", multiple=True, metavar="KIND", help=_PAYLOAD),
    trust_option,
    click.option(
        "--placement",
        multiple=True,
        metavar="HOW",
        help="spread: one CPU per process (default); pack: one CPU for all; free: the scheduler decides.",
    ),
    click.option(
        "--work",
        multiple=True,
        metavar="TIME",
        help=f"{_WORK} Default: 0. Several: 0,100us,1ms.",
    ),
    click.option(
        "--rate",
        multiple=True,
        metavar="RATE",
        help=f"{_RATE} Default: 0, as fast as it goes.",
    ),
    click.option(
        "--cpus",
        multiple=True,
        metavar="HOW",
        help="idle: a CPU without work sleeps (default); awake: it is kept from sleeping during a case's turns.",
    ),
    click.option("--start-method", multiple=True, metavar="HOW", help="fork (default), forkserver or spawn."),
    click.option(
        "--python",
        multiple=True,
        metavar="EXE",
        help="Measure under this interpreter, which needs pyperf; repeat to compare interpreters, paired by round. "
        "NAME=EXE names it, such as base=venv-base/bin/python.",
    ),
    click.option(
        "--fresh-interpreters",
        is_flag=True,
        help="Start an interpreter for every visit. Default: one for every round, which is forked for its visits.",
    ),
    click.option(
        "--budget",
        metavar="TIME",
        help="Measure for about this long, such as 90s or 10m; from the sixth round on, only blocks whose "
        "ratios are least known.",
    ),
    click.option("--rounds", metavar="N", help="Number of rounds; each round visits every case once."),
    click.option(
        "--precision",
        metavar="SHARE",
        help="Add rounds for cases whose time is not known to ± this share, such as 5%, up to twice the rounds "
        "or to the end of the budget.",
    ),
    click.option("--fast", is_flag=True, help="Fewer cases, shorter visits, fewer rounds."),
    click.option(
        "--full",
        is_flag=True,
        help="All suites and every mechanism in every pattern; third-party mechanisms if installed. Takes more "
        "than an hour.",
    ),
    click.option("--rigorous", is_flag=True, help="More rounds, for narrower intervals."),
    click.option("--seed", callback=_seed, metavar="N", help="Repeat the order of the run with this seed."),
    click.option("--label", metavar="NAME", help="Name of the results file. Default: machine, Python and time."),
    folder_option("Folder for results files. Default: results."),
    click.option(
        "--resume",
        metavar="LABEL",
        help="Continue the run of this label that was stopped or killed, by the plan it began with.",
    ),
    click.option(
        "--force",
        is_flag=True,
        help="Overwrite the results file of this label. With --resume: continue although the machine or versions "
        "differ, and mark the result as mixed.",
    ),
    click.option(
        "--dry-run", is_flag=True, help="Show what would be measured or skipped, and for how long; measure nothing."
    ),
    click.option("--full-metadata", is_flag=True, help="Keep all metadata of pyperf, with the host name and paths."),
    click.option("--quiet", "-q", is_flag=True, help="Print results only, no progress and no warnings."),
)


def parts(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the values of a repeatable, comma-separated option, in order and without duplicates."""
    return tuple(dict.fromkeys(part.strip() for text in texts for part in text.split(",")))


def whole(what: str, text: str, most: int, least: int = 1) -> int:
    """Parse a whole number from `least` to `most`; raises BadRequest."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most):
        raise BadRequest(f"{what} {text!r}: expected a whole number from {least} to {most:,}")
    return int(text)


def known(what: str, text: str, names: Sequence[T]) -> T:
    """Return the name that equals the text; raises UnknownName."""
    for name in names:
        if name == text:
            return name
    raise UnknownName(what, text, map(str, names))
