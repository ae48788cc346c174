"""The layout of `COMMAND --help`: options in groups, in columns that are aligned over all groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

_WIDEST = 30  # characters of an option and its metavar; click puts the help of a longer one on the next line


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
