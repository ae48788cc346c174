"""`ipcbench embed` and `report --check` as a user meets them: snippets, pages kept fresh, refusals in one line."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from commands import Finished, environment, run
from html_tags import Tags
from synthetic import make_cases, make_result

from ipcbench.report import write
from ipcbench.report.embed.pages import embed, find_report, open_page, write_page
from ipcbench.report.embed.snippets import FORMATS, snippet
from ipcbench.report.files.manifest import NAME, load_manifest
from ipcbench.results import store

BEGIN, END = "<!-- ipcbench:begin slowdown-matrix report=reports/laptop -->", "<!-- ipcbench:end -->"
STALE = 10
Embed = Callable[..., Finished]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a results file and its report."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "results").mkdir()
    store.save(
        make_result(make_cases([8, 64], ["pipe", "queue", "raw-array"]), 3),
        folder / "results" / "laptop.json",
        replace=False,
    )
    done = run("report", "results/laptop.json", cwd=folder)
    assert (done.code, done.err) == (0, "")
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return shutil.copytree(made, tmp_path / "project")


@pytest.fixture
def do(project: Path) -> Embed:
    return lambda *words: run(*words, cwd=project)


def test_a_readme_gets_both_themes_with_the_finding_as_words(do: Embed, project: Path) -> None:
    done = do("embed", "slowdown-matrix", "--width", "500")
    assert (done.code, done.err) == (0, "report: reports/laptop, the newest in reports\n")
    tags = Tags(done.out).found
    assert [tag for tag, _ in tags] == ["picture", "source", "img"]
    dark, light = tags[1][1]["srcset"], tags[2][1]["src"]
    assert dark == "reports/laptop/charts/slowdown-matrix-dark.svg"
    assert (project / str(dark)).is_file()
    assert (project / str(light)).is_file()
    assert tags[2][1]["alt"] == load_manifest(project / "reports" / "laptop").chart("slowdown-matrix").alt
    assert tags[2][1]["width"] == "500"


def test_paths_are_those_of_the_page(do: Embed) -> None:
    done = do("embed", "scaling", "--report", "laptop", "--relative-to", "docs/guide/page.md")
    assert done.err == ""
    assert 'src="../../reports/laptop/charts/scaling-light.svg"' in done.out


def test_pypi_wants_an_absolute_address_and_gets_one_picture(do: Embed) -> None:
    refused = do("embed", "scaling", "--report", "laptop", "--format", "pypi")
    assert (refused.code, refused.out, len(refused.errors)) == (2, "", 1)
    assert "--base-url" in refused.err
    words = ("embed", "scaling", "--report", "laptop", "--format", "pypi", "--base-url", "https://example.org/v1")
    ((tag, attributes),) = Tags(do(*words).out).found
    assert (tag, attributes["src"]) == ("img", "https://example.org/v1/reports/laptop/charts/scaling-light.svg")


def test_sphinx_gets_a_directive_with_a_name_to_refer_to_and_a_report_that_it_finds(do: Embed, project: Path) -> None:
    words = ("embed", "scaling", "--format", "sphinx", "--width", "400")
    printed = do(*words, "--report", "laptop", "--relative-to", "docs/guide/page.rst").out
    assert printed.splitlines() == [
        ".. ipcbench-chart:: scaling",
        "   :report: laptop",
        "   :name: fig-laptop-scaling",
        "   :width: 400px",
    ]
    elsewhere = project / "docs" / "reports" / "My run"
    shutil.copytree(project / "reports" / "laptop", elsewhere)
    printed = do(*words, "--report", "docs/reports/My run", "--relative-to", "docs/guide/page.rst").out
    assert printed.splitlines()[1:3] == ["   :report: ../reports/My run", "   :name: fig-my-run-scaling"]
    inside = do(*words, "--report", "docs/reports/My run", "--relative-to", "docs/reports/My run/page.rst").out
    assert inside.splitlines()[1:3] == ["   :report: .", "   :name: fig-scaling"]


def test_a_width_that_a_format_cannot_have_is_refused_and_not_left_out(do: Embed, project: Path) -> None:
    done = do("embed", "scaling", "--report", "laptop", "--format", "markdown", "--width", "400")
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)
    assert "format markdown takes no width" in done.err
    page = project / "page.md"
    page.write_text(f"<!-- ipcbench:begin scaling report=reports/laptop format=markdown width=400 -->\n{END}\n")
    done = do("embed", "--update", "page.md")
    assert (done.code, len(done.errors)) == (2, 1)
    assert "page.md:1: format markdown takes no width" in done.err
    for kind in set(FORMATS) - {"markdown"}:
        base = ("--base-url", "https://example.org") if kind == "pypi" else ()
        assert "400" in do("embed", "scaling", "--report", "laptop", "--format", kind, "--width", "400", *base).out, (
            kind
        )


def test_html_is_one_picture_with_the_colours_of_both_themes_and_needs_no_file(do: Embed, project: Path) -> None:
    done = do("embed", "scaling", "--report", "laptop", "--format", "html", "--width", "400")
    assert done.code == 0
    tags = Tags(done.out).found
    assert [tag for tag, _ in tags if tag in ("style", "svg", "img", "script", "image")] == ["style", "svg"]
    names = [name for _, attributes in tags for name in attributes]
    assert not [name for name in names if name in ("style", "src") or name.startswith("on")]
    entry = load_manifest(project / "reports" / "laptop").chart("scaling")
    root = next(attributes for tag, attributes in tags if tag == "svg")
    assert (root["width"], root["height"]) == ("400", str(round(entry.height * 400 / entry.width)))
    used = set(re.findall(r"var\((--scaling-k\d+),#[0-9a-f]{6}\)", done.out))
    assert used
    assert used == set(re.findall(r"^:root{(.*)}$", done.out, re.MULTILINE)[0].replace(";", ":").split(":")[:-1:2])


@pytest.mark.parametrize(("themes", "text"), [(["dark"], "<svg/>"), (["light", "dark"], "<svg><g>")])
def test_pictures_that_somebody_changed_are_not_merged(do: Embed, project: Path, themes: list[str], text: str) -> None:
    for theme in themes:
        (project / "reports" / "laptop" / "charts" / f"scaling-{theme}.svg").write_text(text)
    done = do("embed", "scaling", "--report", "laptop", "--format", "html")
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)
    assert "make the report again" in done.err


def test_the_newest_report_is_meant_where_none_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = make_result(make_cases(sizes=[64], mechanisms=["pipe"]), 3, label="later")
    later.ipcbench.started = "2030-01-01T00:00:00Z"
    write(later, project / "reports" / "a-later-one")
    (project / "reports" / "broken").mkdir()
    (project / "reports" / "broken" / NAME).write_text("{")
    monkeypatch.chdir(project)
    assert find_report("", project) == Path("reports/a-later-one")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("slowdown",), "unknown chart 'slowdown': did you mean 'slowdown-matrix'? known: "),
        (("scaling", "--report", "nope"), "'nope': no folder with a manifest.json and no such label; labels in"),
        (("scaling", "--base-url", "ftp://x"), "base URL 'ftp://x': expected http:// or https://"),
        (("scaling", "--base-url", "https://x", "--format", "sphinx"), "format sphinx takes no base URL"),
        ((), "embed takes one CHART"),
        (("--update",), "take only FILEs"),
        (("--update", "--check", "README.md"), "take only FILEs"),
        (("--check", "README.md", "--width", "5"), "take only FILEs"),
        (("--check", "README.md"), "README.md: no such page"),
        (("--list", "scaling"), "embed --list takes no CHART"),
    ],
)
def test_what_cannot_be_embedded_is_told_in_one_line(do: Embed, words: tuple[str, ...], said: str) -> None:
    done = do("embed", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.errors[-1]
    assert len(done.errors) <= 2


def test_the_list_names_every_chart_and_why_one_is_missing(do: Embed, project: Path) -> None:
    write(make_result(make_cases(sizes=[64], mechanisms=["pipe"])[:1], 3), project / "reports" / "tiny")
    done = do("embed", "--list", "--report", "tiny")
    assert re.search(r"^slowdown-matrix +Round trips", done.out, re.MULTILINE)
    assert re.search(r"^throughput-roofline +not drawn: This run has no stream case", done.out, re.MULTILINE)


def test_a_page_is_updated_between_its_markers_only_and_then_fresh(do: Embed, project: Path) -> None:
    page = project / "README.md"
    page.write_bytes(f"\ufeff# Title\r\n\r\n{BEGIN}\r\nold\r\n{END}\r\nlast".encode())
    page.chmod(0o640)
    stale = do("embed", "--check", "README.md")
    assert (stale.code, stale.out) == (STALE, "README.md:3: out of date: slowdown-matrix\n")
    assert "old" in page.read_text()
    assert do("embed", "--update", "README.md").code == 0
    data = page.read_bytes()
    assert data.startswith(f"\ufeff# Title\r\n\r\n{BEGIN}\r\n<picture>".encode())
    assert data.endswith(f"</picture>\r\n{END}\r\nlast".encode())
    assert data.count(b"\n") == data.count(b"\r\n")
    assert stat.S_IMODE(page.stat().st_mode) == 0o640
    before = page.stat().st_mtime_ns, page.stat().st_ino
    again = do("embed", "--update", "README.md")
    assert (again.code, again.out) == (0, "README.md: up to date\n")
    assert (page.stat().st_mtime_ns, page.stat().st_ino) == before
    assert do("embed", "--check", "README.md").code == 0


def test_pages_without_markers_are_left_alone_beside_others(do: Embed, project: Path) -> None:
    (project / "README.md").write_text(f"{BEGIN}\nold\n{END}\n")
    (project / "plain.md").write_text("Plain text.\n")
    done = do("embed", "--update", "plain.md", "README.md")
    assert (done.code, done.out) == (0, "README.md:1: updated: slowdown-matrix\n")
    assert done.errors == ["1 page without markers"]
    assert (project / "plain.md").read_text() == "Plain text.\n"


def test_a_page_that_is_a_link_stays_one(project: Path) -> None:
    real = project / "docs.md"
    real.write_text(f"{BEGIN}\n{END}\n")
    (project / "README.md").symlink_to(real)
    write_page(open_page(project / "README.md"))
    assert (project / "README.md").is_symlink()
    assert "<picture>" in real.read_text()


def test_where_one_page_is_refused_none_is_written(do: Embed, project: Path) -> None:
    good, bad = f"{BEGIN}\n{END}\n", f"text\n{BEGIN}\n"
    (project / "a.md").write_text(good)
    (project / "b.md").write_text(bad)
    done = do("embed", "--update", "a.md", "b.md")
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)
    assert "b.md:2: this block does not end" in done.err
    assert ((project / "a.md").read_text(), (project / "b.md").read_text()) == (good, bad)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"<!-- ipcbench:begin nothing report=reports/laptop -->\n<!-- ipcbench:end -->\n", "page.md:1: unknown chart"),
        (b"<!-- ipcbench:begin scaling report=nope -->\n<!-- ipcbench:end -->\n", "page.md:1: 'nope': no folder"),
        (b"<!-- ipcbench:begin scaling format=word -->\n<!-- ipcbench:end -->\n", "page.md:1: format 'word': expected"),
    ],
)
def test_a_page_that_cannot_be_filled_is_told_with_its_line(
    do: Embed, project: Path, content: bytes, said: str
) -> None:
    (project / "page.md").write_bytes(content)
    done = do("embed", "--update", "page.md")
    assert (done.code, len(done.errors)) == (2, 1)
    assert said in done.err
    assert (project / "page.md").read_bytes() == content


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_page_that_may_not_be_written_is_left(do: Embed, project: Path) -> None:
    (project / "README.md").write_text(f"{BEGIN}\n{END}\n")
    (project / "README.md").chmod(0o444)
    done = do("embed", "--update", "README.md")
    assert (done.code, len(done.errors)) == (2, 1)
    assert "cannot write" in done.err


def test_a_hostile_manifest_puts_only_text_into_a_page(project: Path) -> None:
    evil = "</picture><script>alert(1)</script>\"' onerror=x ](javascript:y) `*_ .. raw:: html"
    manifest = project / "reports" / "laptop" / NAME
    entry = load_manifest(manifest.parent).chart("scaling")
    entry = msgspec.structs.replace(entry, alt=evil, caption=evil)
    for kind in FORMATS:
        if kind == "html":
            continue
        base = "https://example.org/" if kind == "pypi" else ""
        text = snippet("scaling", entry, kind, "a b/<c>", base_url=base)
        tags = Tags(text).found if kind not in ("rst", "sphinx") else []
        assert {tag for tag, _ in tags} <= {"picture", "source", "img", "figure", "figcaption"}, kind
        assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
        assert not re.search(r"^\.\. raw", text, re.MULTILINE)
        assert "](javascript" not in text or kind in ("github", "pypi", "rst")


def test_a_missing_picture_is_told_before_a_page_shows_none(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    (project / "reports" / "laptop" / "charts" / "scaling-dark.svg").unlink()
    with pytest.raises(Exception, match=r"scaling-dark\.svg: no such file, though manifest\.json names it"):
        embed("scaling", Path("reports/laptop"), "github", Path())
    assert embed("scaling", Path("reports/laptop"), "markdown", Path()).startswith("![")


def test_a_report_is_fresh_until_anything_of_it_changes(do: Embed, project: Path) -> None:
    report = project / "reports" / "laptop"
    (report / "charts" / "scaling.png").write_bytes(b"not compared")
    fresh = do("report", "results/laptop.json", "--check")
    assert (fresh.code, fresh.out) == (0, "reports/laptop: up to date\n")
    svg, manifest = report / "charts" / "scaling-light.svg", report / NAME
    svg.write_text(svg.read_text() + "\n")
    manifest.write_text(manifest.read_text().replace("More workers", "Fewer workers"))
    done = do("report", "results/laptop.json", "--check")
    assert done.code == STALE
    assert "scaling-light.svg: differs from what the results file gives now" in done.out
    assert "manifest: scaling: its text or its files differ" in done.out
    assert f"out of date in 2 places; to update it: {sys.executable} -m ipcbench report results/laptop.json" in done.out


def test_under_another_matplotlib_only_tables_and_words_are_compared(do: Embed, project: Path) -> None:
    report = project / "reports" / "laptop"
    svg, manifest = report / "charts" / "scaling-light.svg", report / NAME
    svg.write_text("drawn by another version")
    manifest.write_text(re.sub(r'"matplotlib": "[^"]*"', '"matplotlib": "3.10.0"', manifest.read_text()))
    (report / "charts" / "latency-grid.csv").unlink()
    done = do("report", "results/laptop.json", "--check")
    assert done.code == STALE
    assert "latency-grid.csv: No such file" in done.out
    assert "not compared: SVGs, drawn by matplotlib 3.10.0" in done.out
    assert "out of date in 1 place;" in done.out


def test_a_report_that_is_not_there_cannot_be_checked(do: Embed, tmp_path: Path) -> None:
    done = do("report", "results/laptop.json", "--check", "--out", str(tmp_path / "none"))
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)


def test_the_summary_of_a_job_is_added_without_pictures(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "step"
    target.write_text("before\n")
    words = ("report", "results/laptop.json", "--github-step-summary")
    done = run(*words, cwd=project, env=environment(GITHUB_STEP_SUMMARY=str(target)))
    assert (done.code, done.err) == (0, "")
    text = target.read_text()
    assert text.startswith("before\n# ipcbench: laptop\n")
    assert "<picture>" not in text
    assert (project / "reports" / "laptop" / "summary.md").read_text().count("<picture>") == 2
    env = environment()
    env.pop("GITHUB_STEP_SUMMARY", None)
    unset = run(*words, cwd=project, env=env)
    assert (unset.code, unset.out, len(unset.errors)) == (2, "", 1)
    assert "GITHUB_STEP_SUMMARY is not set" in unset.err
