"""The command line: one file per command, imported when the command runs. Only this package prints and exits.

`exit_codes` documents the exit codes and picks one.
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

# The module and the summary of each command, so that --help imports no command.
COMMANDS = {
    "all": ("ipcbench.cli.all_", "Measure a curated selection and write a report."),
    "run": ("ipcbench.cli.run", "Measure selected cases and write results/<label>.json."),
    "report": ("ipcbench.cli.report", "Write a report from a results file."),
    "embed": ("ipcbench.cli.embed", "Embed charts of a report in other pages, and update them."),
    "compare": ("ipcbench.cli.compare", "Compare results: files, machines, Pythons, settings."),
    "which": ("ipcbench.cli.which", "Measure the candidates for your processes and payload, and recommend one."),
    "scenario": ("ipcbench.cli.scenario", "Measure a situation that a file describes, and recommend a mechanism."),
    "advise": ("ipcbench.cli.advise", "Recommend a mechanism from a results file."),
    "list": ("ipcbench.cli.list_", "List mechanisms, patterns and suites."),
    "doctor": ("ipcbench.cli.doctor", "Check this machine for settings that distort measurements."),
    "conformance": ("ipcbench.cli.conformance", "Test whether a mechanism keeps the contract; for authors."),
    "fleet": ("ipcbench.cli.fleet", "Measure on many hosts at once, through a Dask cluster."),
    "merge": ("ipcbench.cli.merge", "Merge results files of one machine as repeats."),
    "anonymise": ("ipcbench.cli.anonymise", "Copy a results file without host, user and paths."),
    "clean": ("ipcbench.cli.clean", "Remove what killed runs left behind."),
}


class LazyGroup(click.Group):
    """The group of all commands, which imports the module of a command only to run that command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        with printing(0):  # here, since click ends the process with code 1 if the reader of a pipe has gone
            return super().invoke(ctx)
        return 0


@click.group(
    cls=LazyGroup,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(__version__, prog_name="ipcbench")
def cli() -> None:
    """Measure how fast Python processes exchange data, and choose a mechanism for yours.

    \b
    Start here:
      ipcbench which           recommend a mechanism for one need, in 15 seconds
      ipcbench all --fast      measure the usual candidates in 2 minutes
      ipcbench all             measure more sizes, workers and rounds, in 10
      ipcbench list            list mechanisms, patterns and suites
      ipcbench compare A B     compare two results files
      ipcbench doctor          check this machine before you measure
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command, by default from sys.argv, and exit; a wrong request is reported in one line with exit code 2."""
    if sys.platform == "win32":
        sys.exit("ipcbench: Windows is not supported; use WSL, Linux or macOS")
    closed = sys.stdout is None
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the file descriptor was closed before this process started
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - stays open as long as the process
    if arguments is None:
        os.environ["PYTHONSAFEPATH"] = "1"  # keeps the current folder off the path of child processes
    replace_unprintable()
    code: object = 0
    try:
        with printing(0):
            code = _invoke(arguments)
        if closed:
            raise PrintFailed(
                "cannot print: standard output is closed; results that were measured are saved", NOT_SAVED
            )
    except click.ClickException as error:
        about = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "ipcbench"
        text = " ".join(error.format_message().split())
        _complain(f"{text}{'' if text.endswith(('.', '?')) else '.'} See '{about} --help'.")
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
        _complain(f"out of memory, processes or file descriptors: {lacking}; what was measured is saved")
        code = NOT_SAVED
    sys.exit(code if isinstance(code, int) else 0)


def _invoke(arguments: Sequence[str] | None) -> object:
    """Run a command and return its exit code, 2 if only its help was printed for lack of arguments."""
    try:
        return cli(arguments, prog_name="ipcbench", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 2


def _complain(text: str) -> None:
    tell(f"ipcbench: {safe_text(text, LONGEST_COMPLAINT)}")  # cleaned, since it may quote files and arguments
