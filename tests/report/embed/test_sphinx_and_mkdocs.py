"""Pages of others that show a chart: built with Sphinx and MkDocs as their makers would, without a warning."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Literal

import pytest
from commands import Finished, environment, python
from html_tags import Tags
from pages import DEADLINE, chromium
from playwright.sync_api import Browser
from synthetic import make_cases, make_result

from ipcbench.report import write
from ipcbench.report.embed.pages import embed
from ipcbench.report.files.manifest import load_manifest

pytestmark = pytest.mark.slow
MKDOCS = """
site_name: mini
use_directory_urls: false
theme: {name: material, font: false}
plugins: []
markdown_extensions:
  - attr_list
  - md_in_html
  - pymdownx.snippets: {base_path: [docs], check_paths: true}
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embedded") / "laptop"
    write(make_result(make_cases([8, 64], ["pipe", "queue", "raw-array"]), 3), folder)
    return folder


@pytest.fixture
def project(report: Path, tmp_path: Path) -> Path:
    shutil.copytree(report, tmp_path / "reports" / "laptop")
    (tmp_path / "docs").mkdir()
    return tmp_path


def sphinx(project: Path, page: str, builder: str = "html", theme: str = "furo") -> Finished:
    conf = f'project = "mini"\nextensions = ["ipcbench.sphinx"]\nhtml_theme = "{theme}"\nnumfig = True\n'
    (project / "docs" / "conf.py").write_text(conf)
    (project / "docs" / "index.rst").write_text(page)
    words = ("-m", "sphinx", "-q", "-W", "-b", builder, "docs", f"out/{builder}")
    return python(*words, cwd=project, env=environment(PYTHONWARNINGS="ignore"), timeout=100)


PAGE = """
Mini
====

See :numref:`fig-slow`.

.. ipcbench-chart:: slowdown-matrix
   :report: laptop
   :name: fig-slow

.. ipcbench-chart:: scaling
   :report: ../reports/laptop
   :caption: My *own* words
   :width: 400px
   :alt: Workers
   :class: wide
"""


def test_sphinx_builds_what_is_printed_for_it_and_its_name_leads_there(project: Path, report: Path) -> None:
    printed = embed("slowdown-matrix", report, "sphinx", report.parent)
    name = re.findall(r":name: (\S+)", printed)[0]
    done = sphinx(project, f"Mini\n====\n\nSee :numref:`{name}` and :ref:`it <{name}>`.\n\n{printed}\n")
    assert (done.code, done.err) == (0, "")
    text = (project / "out" / "html" / "index.html").read_text()
    assert text.count(f'href="#{name}"') >= 2


@pytest.mark.parametrize("theme", ["furo", "alabaster"])
def test_sphinx_shows_one_figure_with_an_image_for_each_theme(project: Path, theme: str) -> None:
    done = sphinx(project, PAGE, theme=theme)
    assert (done.code, done.err) == (0, "")
    text = (project / "out" / "html" / "index.html").read_text()
    tags = Tags(text).found
    figures = [attributes for tag, attributes in tags if tag == "figure"]
    images = [attributes for tag, attributes in tags if tag == "img" and "only-" in str(attributes.get("class"))]
    assert [figure["id"] for figure in figures] == ["fig-slow", "id1"]
    assert "wide" in str(figures[1]["class"])
    assert [str(image["class"]).split()[0] for image in images] == ["only-light", "only-dark"] * 2
    assert all((project / "out" / "html" / str(image["src"])).is_file() for image in images)
    assert images[2]["alt"] == "Workers"
    assert 'href="#fig-slow"><span class="std std-numref">Fig. 1</span>' in text
    assert text.count("<figcaption>") == 2
    assert "My <em>own</em> words" in text
    assert "ipcbench-chart.css" in text
    assert (project / "out" / "html" / "_static" / "ipcbench-chart.css").is_file()


@pytest.mark.browser
@pytest.mark.parametrize(("theme", "dark"), [("furo", "only-dark"), ("alabaster", "only-light")])
def test_a_reader_sees_the_image_of_the_pages_own_theme(project: Path, theme: str, dark: str) -> None:
    assert sphinx(project, PAGE, theme=theme).code == 0
    page = project / "out" / "html" / "index.html"
    with chromium() as browser:
        assert seen_in(browser, page, "light") == ["only-light", "only-light"]
        assert seen_in(browser, page, "dark") == [dark, dark], "alabaster has light pages only"


def seen_in(browser: Browser, page: Path, scheme: Literal["dark", "light"]) -> list[str]:
    """Which images of charts can be seen, by the first class of each."""
    context = browser.new_context(offline=True, color_scheme=scheme)
    context.set_default_timeout(DEADLINE)
    try:
        tab = context.new_page()
        tab.goto(page.as_uri())
        images = tab.locator("figure img")
        shown = [images.nth(place) for place in range(images.count())]
        return [str(image.get_attribute("class")).split()[0] for image in shown if image.is_visible()]
    finally:
        context.close()


def test_sphinx_builds_a_page_again_when_its_report_changes(project: Path) -> None:
    sphinx(project, PAGE)
    manifest = project / "reports" / "laptop" / "manifest.json"
    text = manifest.read_text()
    assert text.count("Look down the column") == 1
    manifest.write_text(text.replace("Look down the column", "Look along the column"))
    words = ("-m", "sphinx", "-q", "-W", "docs", "out/html")
    assert python(*words, cwd=project, env=environment(PYTHONWARNINGS="ignore"), timeout=100).code == 0
    assert "Look along the column" in (project / "out" / "html" / "index.html").read_text()


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        ("slowdown", "unknown chart 'slowdown': did you mean 'slowdown-matrix'? known: "),
        ("", "argument"),
    ],
)
def test_sphinx_says_which_charts_there_are(project: Path, chart: str, said: str) -> None:
    done = sphinx(project, f"Mini\n====\n\n.. ipcbench-chart:: {chart}\n")
    assert done.code != 0
    assert said in done.err
    assert "index.rst:4" in done.err


@pytest.mark.parametrize("png", [True, False])
def test_sphinx_takes_the_png_or_the_words_where_there_is_no_svg(project: Path, png: bool) -> None:
    if not png:
        for path in (project / "reports" / "laptop" / "charts").glob("*.png"):
            path.unlink()
    assert sphinx(project, PAGE.replace("See :numref:`fig-slow`.", ""), "latex").err == ""
    (tex,) = (project / "out" / "latex").glob("*.tex")
    text = tex.read_text()
    assert text.count("includegraphics[") == (2 if png else 0)
    first = " ".join(load_manifest(project / "reports" / "laptop").chart("slowdown-matrix").alt.split()[:3])
    assert (first in text) is not png
    assert sphinx(project, PAGE.replace("See :numref:`fig-slow`.", ""), "text").err == ""
    words = (project / "out" / "text" / "index.txt").read_text()
    assert words.count(first) == 1


def test_mkdocs_shows_one_image_for_each_theme_also_from_a_snippet(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.move(project / "reports", project / "docs" / "reports")
    monkeypatch.chdir(project)
    report = Path("docs/reports/laptop")
    (project / "mkdocs.yml").write_text(MKDOCS)
    (project / "docs" / "chart.snippet").write_text(embed("scaling", report, "mkdocs", Path("docs")))
    direct = embed("slowdown-matrix", report, "mkdocs", Path("docs"))
    (project / "docs" / "index.md").write_text(f'# Mini\n\n{direct}\n\n--8<-- "chart.snippet"\n')
    words = ("-m", "mkdocs", "build", "--strict", "-q")
    done = python(*words, cwd=project, env=environment(PYTHONWARNINGS="ignore"), timeout=100)
    assert done.code == 0, done.err
    tags = Tags((project / "site" / "index.html").read_text()).found
    shown = [attributes for tag, attributes in tags if tag == "img"]
    addresses = [str(image["src"]).partition("#") for image in shown]
    assert [theme for _, _, theme in addresses] == ["only-light", "only-dark"] * 2
    assert all((project / "site" / path).is_file() for path, _, _ in addresses)
    assert all(image["width"] and image["alt"] for image in shown)
    assert [tag for tag, _ in tags if tag == "figure"] == ["figure"] * 2
