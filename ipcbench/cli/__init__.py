"""The command line: one file per command, imported when it runs; the only place that prints or exits.

Exit codes: 0 every case ok or explained as unsupported; 2 usage, or input that cannot be read; 3 a case failed; 4 a
case timed out; 5 a case is unverified; 6 a case leaked, or containing, saving or printing failed; 7 every case ok, but
the machine changed meanwhile; 8 nothing can be measured here; 9 what compare --fail-if asks about is so; 10 what embed
--check or report --check looked at is not fresh; 128 + n ended by signal n, with what was finished saved. The severest
counts: a signal, then 5, 6, 4, 3, 7. `ending` picks one.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from ipcbench import __version__
from ipcbench.cli.exit_codes import EXIT_CODES, NOT_SAVED
from ipcbench.cli.output import PrintFailed, printing, replace_unprintable, tell
from ipcbench.errors import IpcbenchError, is_shortage
from ipcbench.text import safe_text

LONGEST_COMPLAINT = 2000  # characters

# Each with its module and what it does in a line: the help that lists all imports none of them.
COMMANDS = {
    "all": ("ipcbench.cli.all_", "Measure the curated selection and write the report."),
    "run": ("ipcbench.cli.run", "Measure a selection; writes results/<label>.json."),
    "report": ("ipcbench.cli.report", "Make the report of a results file."),
    "embed": ("ipcbench.cli.embed", "Charts of a report into a README or documentation, kept fresh."),
    "compare": ("ipcbench.cli.compare", "Compare results: files, machines, Pythons, settings."),
    "advise": ("ipcbench.cli.advise", "Which mechanism for so many senders, receivers and bytes."),
    "list": ("ipcbench.cli.list_", "What can be measured: mechanisms, patterns, suites."),
    "doctor": ("ipcbench.cli.doctor", "What about this machine decides the numbers."),
    "conformance": ("ipcbench.cli.conformance", "Whether a mechanism keeps the contract; for authors of one."),
    "fleet": ("ipcbench.cli.fleet", "Measure on many hosts at once, one visit per host at a time."),
    "merge": ("ipcbench.cli.merge", "Join results files of one machine as repeats."),
    "anonymise": ("ipcbench.cli.anonymise", "Copy a results file without host, user and paths."),
    "clean": ("ipcbench.cli.clean", "Remove what a killed run has left, and nothing else."),
}


class LazyGroup(click.Group):
    """Imports a command's module only when that command is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        with printing(0):
            return super().invoke(ctx)
        return 0


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ipcbench")
def cli() -> None:
    """Which way should my processes talk to each other? Measured, with intervals and proof.

    \b
    Start here:
      ipcbench all --fast      two minutes: measure what people choose between
      ipcbench all             ten minutes: more sizes, workers and rounds
      ipcbench advise          which one for so many senders, receivers and bytes
      ipcbench list            what can be measured
      ipcbench compare A B     what differs between two results
      ipcbench doctor          what about this machine decides the numbers
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command, by default the process's own arguments; a user's mistake becomes one line and exit code 2."""
    if sys.platform == "win32":
        sys.exit("ipcbench: Windows has not what measuring needs; use WSL, Linux or macOS")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - as long as the process
    if arguments is None:
        os.environ["PYTHONSAFEPATH"] = "1"  # no process that this one starts imports from the user's current folder
    replace_unprintable()
    try:
        code = cli(arguments, prog_name="ipcbench", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 2
    except click.ClickException as error:
        about = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "ipcbench"
        _complain(" ".join(error.format_message().split()) + f" See '{about} --help'.")
        code = 2
    except (IpcbenchError, PrintFailed) as error:
        _complain(str(error))
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except (MemoryError, ImportError, OSError, RuntimeError) as error:
        if not is_shortage(error):
            raise
        lacking = str(error).strip().rpartition("\n")[2] or type(error).__name__
        _complain(f"this machine is short of memory, processes or descriptors: {lacking}; what was measured is saved")
        code = NOT_SAVED
    sys.exit(code if isinstance(code, int) else 0)


def _complain(text: str) -> None:
    tell(f"ipcbench: {safe_text(text, LONGEST_COMPLAINT)}")  # it may quote files and arguments
