"""The site of the documents: it builds without a warning and without network, and fetches nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import click
import pytest
from commands import environment, python
from paths import ROOT

from ipcbench.cli import COMMANDS, cli
from ipcbench.plan import catalog

DOCS = ROOT / "docs"
# Builds the site; exits with code 99 if anything tries to reach another computer.
BUILD = """
import os, sys
sys.addaudithook(lambda event, _: event in ("socket.connect", "socket.getaddrinfo") and os._exit(99))
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DOCS.exists(), reason="there is no source tree with documents"),
]


class Element(NamedTuple):
    """One tag of a page, with its attributes."""

    tag: str
    attributes: dict[str, str]


class Page(HTMLParser):
    """The elements and the text of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.text = ""
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def having(self, attribute: str) -> list[tuple[str, str]]:
        """Return (tag, value) of every element with the attribute."""
        return [(found.tag, found.attributes[attribute]) for found in self.elements if attribute in found.attributes]

    @property
    def asked_for(self) -> list[str]:
        """Return the addresses that a browser fetches to show the page; targets of links are not among them."""
        links = [address for tag, address in self.having("href") if tag != "a"]
        sources = [part.split()[0] for _, several in self.having("srcset") for part in several.split(",")]
        return [*links, *sources, *(address for name in ("src", "data", "poster") for _, address in self.having(name))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    words = ["-W", "--keep-going", "-n", "-E", "-q", "-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")]
    env = environment(PYTHONWARNINGS="ignore")  # Python's warnings; -W is about those of Sphinx
    done = python("-c", BUILD, *words, cwd=ROOT, env=env, timeout=100)
    assert (done.code, done.out, done.err) == (0, "", "")
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_document_is_a_page(site: Path, pages: dict[Path, Page]) -> None:
    assert {site / f"{path.stem}.html" for path in DOCS.glob("*.md")} <= set(pages)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_reference_with_its_options_and_examples(pages: dict[Path, Page], name: str) -> None:
    (page,) = (page for path, page in pages.items() if path.stem == "commands")
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = [option for option in command.params if isinstance(option, click.Option)]
    names = {f"ipcbench-{name}", *(f"ipcbench-{name}-{option.opts[-1].lstrip('-')}" for option in options)}
    assert names <= {value for _, value in page.having("id")}
    said = " ".join(page.text.split())
    for text in (command.help, command.epilog, *(option.help for option in options)):
        assert " ".join((text or "").replace("\b", "").replace("`", "").split()) in said


def test_every_mechanism_is_listed_with_its_title(pages: dict[Path, Page]) -> None:
    (page,) = (page for path, page in pages.items() if path.stem == "mechanisms")
    said = " ".join(page.text.split())
    for mechanism in catalog.mechanisms():
        assert f"{mechanism.name} {' '.join(mechanism.title.split())}" in said


def test_no_page_asks_for_anything_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    asked = 0
    for path, page in pages.items():
        for address in page.asked_for:
            if not address.startswith("data:"):
                assert not re.match(r"[a-z]+:|//", address), f"{path.name} asks for {address}"
                if not address.startswith("#"):
                    assert (path.parent / unquote(re.split("[?#]", address)[0])).is_file(), f"{path.name}: {address}"
                    asked += 1
    assert asked >= len(pages), "no page has as much as a style sheet"
    for path in site.rglob("*.css"):
        assert not re.search(r"@import|url\(\s*['\"]?(https?:)?//", path.read_text()), path.name


def test_every_link_within_the_site_leads_somewhere(pages: dict[Path, Page]) -> None:
    names = {path: {value for _, value in page.having("id")} for path, page in pages.items()}
    for path, page in pages.items():
        for tag, address in page.having("href"):
            if tag == "a" and not re.match(r"[a-z]+:", address):
                file, _, name = address.partition("#")
                target = (path.parent / unquote(file)).resolve() if file else path
                assert target.is_file(), f"{path.name} links to {address}"
                assert not name or target not in names or unquote(name) in names[target], f"{path.name}: {address}"


def test_a_picture_of_two_themes_is_two_images_of_which_the_theme_shows_one(pages: dict[Path, Page]) -> None:
    drawn = 0
    for path, page in pages.items():
        assert not {"picture", "source"} & {found.tag for found in page.elements}, path.name
        classes = [found.attributes.get("class", "") for found in page.elements if found.tag == "img"]
        light, dark = (sum(only in text for text in classes) for only in ("only-light", "only-dark"))
        assert light == dark
        drawn += light
    assert drawn >= 5
