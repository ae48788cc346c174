"""The directive `commands`: a section for every command, with the text of its `--help`, from click."""

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

KEPT = "\b\n"  # click marks with it a paragraph whose lines must not be wrapped


class Commands(SphinxDirective):
    """List all commands of `ipcbench` in the order of its help, after the common options."""

    def run(self) -> list[nodes.Node]:
        context = click.Context(cli, info_name="ipcbench", **cli.context_settings)
        listed = [(name, cli.get_command(context, name)) for name in cli.list_commands(context)]
        contexts = [click.Context(command, context, name) for name, command in listed if command]
        for group in list(contexts):
            if isinstance(group.command, click.Group):  # its subcommands follow it
                at = contexts.index(group) + 1
                contexts[at:at] = [click.Context(own, group, name) for name, own in group.command.commands.items()]
        sections = [section(found.command, found) for found in contexts]
        return [*paragraphs(cli.help or ""), options(cli, context), *paragraphs(cli.epilog or ""), *sections]


def section(command: click.Command, context: click.Context) -> nodes.section:
    """Return the section of one command: usage, help, options, epilog."""
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
    """Yield the paragraphs of a help text; indented lines of a paragraph marked KEPT become a block."""
    for paragraph in re.split(r"\n{2,}", cleandoc(text)):
        if not paragraph.startswith(KEPT):
            yield _said(paragraph)
            continue
        lines = paragraph.removeprefix(KEPT).split("\n")
        for indented, group in groupby(lines, lambda line: line.startswith(" ")):
            block = dedent("\n".join(group))
            yield nodes.literal_block(block, block, language="text") if indented else _said(block)


def options(command: click.Command, context: click.Context) -> nodes.definition_list:
    """Return every option with its help; each has an id to link to."""
    listed = nodes.definition_list()
    for option in command.get_params(context):
        record = option.get_help_record(context)  # None for arguments, which stand in the usage
        if record:
            name = nodes.make_id(f"{context.command_path} {option.opts[-1]}")
            term = nodes.term("", "", nodes.literal(text=record[0]), ids=[name])
            listed += nodes.definition_list_item("", term, nodes.definition("", _said(record[1])))
    return listed


def _said(text: str) -> nodes.paragraph:
    parts = text.replace("\n", " ").split("`")  # every second part stood between backticks
    inner = [nodes.literal(text=part) if at % 2 else nodes.Text(part) for at, part in enumerate(parts)]
    return nodes.paragraph("", "", *inner)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
