"""Every command in help texts and documents parses as it is shown, and the quick ones are run."""

from __future__ import annotations

import glob
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from commands import Finished
from paths import ROOT
from synthetic import make_cases, make_result

from ipcbench.cli import cli
from ipcbench.machine.facts import machine_id
from ipcbench.results import store

Within = Callable[..., Finished]

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)[^\n]*\n((?s:.*?))^```$", re.MULTILINE)
_SHELL = ("console", "sh", "bash", "")
_COMMAND = re.compile(r"^ *(?:\$ )?(?:\.venv/bin/)?(?:python -m )?ipcbench ((?:[a-z]|--).*?)(?:  .*)?$")
_OTHER_SUBJECT = {"contributing", "changelog"}  # commands of developers, and of earlier versions
# What a page writes out, other Pythons, and torch.
MAY_BE_ABSENT = ("my-ring", "socket-queue", "python3.", "frames:make", "order.json", "tensor")


def commands_of(text: str) -> Iterator[str]:
    """Yield the commands in a text, without the explanation beside them."""
    for line in re.sub(r" *\\\n *", " ", text).splitlines():
        if (found := _COMMAND.match(line)) is not None:
            yield found[1].strip()


def helps(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """Yield the paragraphs with fixed lines, such as examples, in the help of a command and its subcommands."""
    yield path, "\n".join(part for part in (command.help or "").split("\n\n") if "\b" in part)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from helps(below, f"{path} {name}")


def shown() -> dict[str, str]:
    """Return where each command is shown."""
    found = {words: f"{path} --help" for path, text in helps(cli, "ipcbench") for words in commands_of(text)}
    for document in DOCUMENTS:
        if document.exists() and document.stem not in _OTHER_SUBJECT:
            for language, block in _BLOCK.findall(document.read_text()):
                if language in _SHELL:
                    found |= {words: document.name for words in commands_of(block)}
    return found


SHOWN = shown()
WORDS = sorted(SHOWN)


def parsed(command: click.Command, words: list[str]) -> click.Context:
    """Return the click context of a command's words. Raises the exceptions of click for invalid words."""
    context = command.make_context("ipcbench", list(words))
    if not isinstance(command, click.Group):
        return context
    rest = [*context._protected_args, *context.args]
    below = command.get_command(context, rest[0])
    assert below is not None, f"no command {rest[0]}"
    return parsed(below, rest[1:])


@pytest.mark.parametrize("words", WORDS)
def test_every_command_that_is_shown_has_the_options_that_it_shows(words: str) -> None:
    parsed(cli, shlex.split(words))


def test_commands_are_found_in_helps_and_documents() -> None:
    assert "which --size 64KiB --consumers 4" in SHOWN
    assert "advise --from results/reference.json --consumers 4 --size 64KiB --need tasks" in SHOWN
    assert "list queue" in SHOWN
    assert len(SHOWN) > 80


def quick(first: str) -> list[str]:
    """Return the shown commands of this name that need only results files."""
    found = [words for words in WORDS if shlex.split(words)[0] == first]
    return [words for words in found if not any(name in words for name in MAY_BE_ABSENT)]


@pytest.mark.parametrize("words", quick("list"))
def test_what_is_shown_of_list_works(words: str, within: Within) -> None:
    done = within(*shlex.split(words))
    assert (done.code, done.err) == (0, ""), done.err


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parametrize("words", [words for words in quick("run") + quick("all") if "--resume" not in words])
def test_what_is_shown_of_run_and_all_can_be_planned(words: str, tmp_path: Path, within: Within) -> None:
    given = shlex.split(words)
    done = within(*given, *([] if "--dry-run" in given else ["--dry-run"]))
    assert done.code == 0, done.err
    assert re.search(r"^[\d,]+ cases?, ", done.out, re.MULTILINE), done.out
    assert not list(tmp_path.glob("results/*"))


@pytest.mark.sample
@pytest.mark.skipif(not (ROOT / "results").exists(), reason="there is no source tree with results")
@pytest.mark.parametrize("words", quick("advise"))
def test_what_is_shown_of_advise_is_answered_by_what_all_measures(
    words: str, tmp_path: Path, within: Within, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    result = store.load(ROOT / "results" / "reference.json")  # of `all`, as if made by this machine
    shutil.copy(ROOT / "results" / "reference.json", tmp_path / "results")
    result.ipcbench.machine.id = machine_id()
    store.save(result, tmp_path / "results" / "laptop.json", replace=False)
    done = within(*shlex.split(words))
    assert done.code == 0, done.err
    assert "Take " in done.out or '"options": [' in done.out


@pytest.mark.sample
@pytest.mark.parametrize("words", quick("which"))
def test_what_is_shown_of_which_is_answered(words: str, within: Within) -> None:
    few = "raw-value,manager-value" if "state" in words else "simple-queue,pipe,pipe-bytes"
    done = within(*shlex.split(words), "--mechanism", few, "--budget", "1s")
    assert done.code in (0, 7), done.err
    assert "Take " in done.out or '"options": [' in done.out


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parametrize("words", quick("compare"))
def test_what_is_shown_of_compare_works(
    words: str, tmp_path: Path, within: Within, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    cases = [case for case in make_cases() if case.size in (64, 2**20)][:30]
    cases += [case._replace(placement="pack") for case in cases if case.placement == "spread"]
    cases += [case._replace(python=tag) for case in cases[:4] for tag in ("py3.11.7", "py3.13.0")]
    names = {
        "A",
        "B",
        "laptop",
        "server",
        "main",
        "branch",
        "old",
        "new",
        "a",
        "b",
        "c",
        "pythons",
        "placement",
        "gate",
    }
    for number, name in enumerate(sorted(names | {f"lab-{host}" for host in "123"})):
        result = make_result(cases, 5, seed=number, label=name)
        result.ipcbench.started = result.ipcbench.repeats[0].started = f"2026-02-{number + 1:02}T10:00:00+00:00"
        store.save(result, tmp_path / "results" / f"{name}.json", replace=False)
        shutil.copy(tmp_path / "results" / f"{name}.json", tmp_path)
    given = [part for word in shlex.split(words) for part in (sorted(glob.glob(word)) or [word])]
    done = within(*given)
    assert done.code in (0, 9), done.err  # 9 if the condition of --fail-if is true
