"""The command line: one file per command, imported when it runs; the only place that prints or exits.

Exit codes: 0 every case ok or explained as unsupported; 2 usage, or input that cannot be read; 3 a case failed;
4 a case timed out; 5 a case is unverified; 6 saving or printing failed; 128 + n ended by signal n, with the complete
rounds saved.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from ipcbench import __version__
from ipcbench.errors import Interrupted, IpcbenchError
from ipcbench.text import safe_text

COMMANDS = {
    "all": "ipcbench.cli.all_",
    "run": "ipcbench.cli.run",
    "report": "ipcbench.cli.report",
    "list": "ipcbench.cli.list_",
    "anonymise": "ipcbench.cli.anonymise",
}

LONGEST_COMPLAINT = 2000  # characters

EXIT_CODES = """\b
Exit codes:
  0      every case is ok, or its absence is explained
  2      usage, or input that cannot be read
  3      a case failed
  4      a case timed out
  5      a case is unverified: what arrived is not what was sent
  6      the results could not be saved where they belong, or not be printed
  128+n  ended by signal n (130 for Ctrl-C); complete rounds are saved
"""


class PrintFailed(Exception):
    """Standard output cannot be written to."""


class LazyGroup(click.Group):
    """Imports a command's module only when that command, or the help that lists all, is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
            return code
        except OSError as error:
            # click would exit with 1, which stands for a defect here, or show a traceback.
            if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF):
                raise
            _silence_output()
            if error.errno == errno.EPIPE:
                return 0
            raise PrintFailed(f"cannot print: {error.strerror}; results that were measured are saved") from error


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ipcbench")
def cli() -> None:
    """Which way should my processes talk to each other? Measured, with intervals and proof.

    \b
    Start here:
      ipcbench all --fast      two minutes: measure the mechanisms people choose between, write a report
      ipcbench all             ten minutes: the same with more sizes, workers and rounds
      ipcbench list            what can be measured
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command, by default the process's own arguments; a user's mistake becomes one line and exit code 2."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - as long as the process
    try:
        code = cli(arguments, prog_name="ipcbench", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 2
    except click.ClickException as error:
        about = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "ipcbench"
        _complain(" ".join(error.format_message().split()) + f" See '{about} --help'.")
        code = 2
    except Interrupted as error:
        _complain(str(error))
        code = error.exit_code
    except IpcbenchError as error:
        _complain(str(error))
        code = 2
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except PrintFailed as error:
        _complain(str(error))
        code = 6
    sys.exit(code if isinstance(code, int) else 0)


def _silence_output() -> None:
    """Whoever read our output has gone: keep the interpreter from complaining about it once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(text: str) -> None:
    with contextlib.suppress(OSError):
        click.echo(f"ipcbench: {safe_text(text, LONGEST_COMPLAINT)}", err=True)  # it may quote files and arguments
