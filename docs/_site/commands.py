"""The directive `commands`: a section for every command, with what its `--help` says, taken from click."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc
from itertools import groupby
from textwrap import dedent

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ipcbench.cli import cli

KEPT = "\b\n"  # what click has before a paragraph whose lines stay as they are


class Commands(SphinxDirective):
    """All commands of `ipcbench`, in the order of its help, and first what they share."""

    def run(self) -> list[nodes.Node]:
        context = click.Context(cli, info_name="ipcbench", **cli.context_settings)
        listed = [(name, cli.get_command(context, name)) for name in cli.list_commands(context)]
        contexts = [click.Context(command, context, name) for name, command in listed if command]
        for group in list(contexts):
            if isinstance(group.command, click.Group):  # its own follow it
                at = contexts.index(group) + 1
                contexts[at:at] = [click.Context(own, group, name) for name, own in group.command.commands.items()]
        sections = [section(found.command, found) for found in contexts]
        return [*paragraphs(cli.help or ""), options(cli, context), *paragraphs(cli.epilog or ""), *sections]


def section(command: click.Command, context: click.Context) -> nodes.section:
    """One command: how it is called, what it does, its options, and what follows them."""
    path = context.command_path
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    return nodes.section(
        "",
        nodes.title(text=path),
        nodes.literal_block(usage, usage, language="text"),
        *paragraphs(command.help or ""),
        options(command, context),
        *paragraphs(command.epilog or ""),
        ids=[nodes.make_id(path)],
        names=[path],
    )


def paragraphs(text: str) -> Iterator[nodes.Node]:
    """The paragraphs of a help text; of those whose lines stay as they are, what is indented becomes a block."""
    for paragraph in re.split(r"\n{2,}", cleandoc(text)):
        if not paragraph.startswith(KEPT):
            yield _said(paragraph)
            continue
        lines = paragraph.removeprefix(KEPT).split("\n")
        for indented, group in groupby(lines, lambda line: line.startswith(" ")):
            block = dedent("\n".join(group))
            yield nodes.literal_block(block, block, language="text") if indented else _said(block)


def options(command: click.Command, context: click.Context) -> nodes.definition_list:
    """Every option as it is written, with what it does; each has a name to link to."""
    listed = nodes.definition_list()
    for option in command.get_params(context):
        record = option.get_help_record(context)  # arguments have none: they stand in the usage
        if record:
            name = nodes.make_id(f"{context.command_path} {option.opts[-1]}")
            term = nodes.term("", "", nodes.literal(text=record[0]), ids=[name])
            listed += nodes.definition_list_item("", term, nodes.definition("", _said(record[1])))
    return listed


def _said(text: str) -> nodes.paragraph:
    parts = text.replace("\n", " ").split("`")  # every other one stood between backticks
    inner = [nodes.literal(text=part) if at % 2 else nodes.Text(part) for at, part in enumerate(parts)]
    return nodes.paragraph("", "", *inner)


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
