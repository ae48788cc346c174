"""SVG files as others need them: repeatable, readable, mergeable, and harmless wherever they are put."""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from browser import Scheme, screenshot
from chart_runs import everything
from diagnostic_runs import DIAGNOSTIC_RUNS, worked
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ipcbench.report.charts import CHARTS
from ipcbench.report.content.study import study
from ipcbench.report.drawing.inline import merge, merge_all
from ipcbench.report.drawing.sheet import drawable, sign
from ipcbench.report.drawing.svg import FONTS, drawing, in_dark, parse, to_svg, two_decimals
from ipcbench.report.drawing.theme import DARK, LIGHT, Theme

SVG = "{http://www.w3.org/2000/svg}"
PRESENTATION = {"fill", "fill-opacity", "stroke", "opacity", "clip-path", "font-size", "font-weight", "text-anchor"} | {
    f"stroke-{name}" for name in ("width", "linecap", "linejoin", "dasharray")
}
GEOMETRY = {"d", "x", "y", "width", "height", "transform", "id", "href", "patternUnits", "data-mech"}
ROOT = {"viewBox", "width", "height", "role", "aria-labelledby", "font-family", "stroke-linejoin", "stroke-linecap"}
HOSTILE = '</title></svg><script>alert(1)</script>"\'&amp; style="x" #1.23456 -0.0'

Pair = tuple[str, str]


@pytest.fixture(scope="module")
def pairs() -> dict[str, Pair]:
    """All charts, light and dark, by id; what one run has no cases for is drawn of another."""
    runs = [study(everything()), *(study(make()) for make in (*DIAGNOSTIC_RUNS.values(), worked))]
    found = {}
    for chart in CHARTS:
        about = next(run for run in runs if not chart.lacks(run))
        table = chart.table(about)
        with drawing(LIGHT, chart.id):
            figure = chart.draw(table, LIGHT)
            sign(figure, about.footer, LIGHT)
            light = to_svg(figure, id=chart.id, title=chart.title, desc=chart.alt(table))
        found[chart.id] = (light, in_dark(light))
    return found


def small(theme: Theme = LIGHT, text: str = "", gid: str = "") -> Figure:
    """A figure with a line, two hollow markers, a hatched cell and a turned text; make it inside `drawing`."""
    figure = Figure(figsize=(3, 2), dpi=72)
    canvas = figure.add_axes((0, 0, 1, 1))
    canvas.set_axis_off()
    line = Line2D([0, 1 / 3], [0.1, 0.70001], color=theme.best, linestyle="--", gid=gid or None)
    dots = Line2D(
        [0.2, 0.4], [0.5, 0.5], color=theme.slower, marker="o", markerfacecolor=theme.page, ls="", gid=gid or None
    )
    box = Rectangle((0.5, 0.5), 0.3, 0.2, facecolor=theme.panel, edgecolor=theme.grid, linewidth=0, hatch="//")
    for artist in (line, dots):
        canvas.add_line(artist)
    canvas.add_patch(box)
    canvas.text(0.5, 0.2, text or "1.23456", rotation=90, gid=gid or None)
    canvas.text(0.1, 0.9, text or "level", ha="center", weight="bold")
    return figure


def drawn(theme: Theme = LIGHT, text: str = "", gid: str = "", **words: str) -> str:
    with drawing(theme, "x"):
        return to_svg(small(theme, text, gid), **words)


@pytest.mark.full
def test_a_chart_is_plain_svg_and_nothing_else(pairs: dict[str, Pair]) -> None:
    for svg in itertools.chain(*pairs.values()):
        assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" ')
        assert svg.endswith("</svg>\n")
        assert svg.count("http") == 1
        tags = {element.tag for element in ElementTree.fromstring(svg).iter()}
        names = ("svg", "title", "desc", "g", "defs", "path", "rect", "use", "text", "clipPath", "pattern")
        assert tags <= {f"{SVG}{name}" for name in names}


def test_every_look_is_a_presentation_attribute(pairs: dict[str, Pair]) -> None:
    for svg in itertools.chain(*pairs.values()):
        root, *others = ElementTree.fromstring(svg).iter()
        assert set(root.attrib) == ROOT
        assert root.get("font-family") == FONTS
        assert {key for element in others for key in element.attrib} <= PRESENTATION | GEOMETRY


def test_a_chart_says_what_it_is_to_who_does_not_see_it(pairs: dict[str, Pair]) -> None:
    for name, both in pairs.items():
        for svg in both:
            root = ElementTree.fromstring(svg)
            assert root.get("role") == "img"
            title, desc = list(root)[:2]
            assert (title.tag, desc.tag) == (f"{SVG}title", f"{SVG}desc")
            assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}" == f"{name}-title {name}-desc"
            assert title.text
            assert re.search(r"\d", desc.text or "")


def test_ids_are_unique_on_a_page_and_every_one_is_referred_to(pairs: dict[str, Pair]) -> None:
    ids: list[str] = []
    for name, (light, _) in pairs.items():
        own = re.findall(r' id="([^"]*)"', light)
        links = [*re.findall(r'(?:url\(#|href="#)([^")]+)', light), f"{name}-title", f"{name}-desc"]
        assert set(own) == set(links)
        numbered = [each for each in own if each[-1].isdigit()]
        assert numbered == [f"{name}-{place + 1}" for place in range(len(numbered))]
        ids += own
    assert len(ids) == len(set(ids))


def test_places_have_two_decimals_at_most_and_text_keeps_its_own() -> None:
    svg = drawn(text="-0.0 and 1.23456", title="2.34567", desc="3.45678")
    for element in ElementTree.fromstring(svg).iter():
        for key, value in element.attrib.items():
            assert not re.search(r"\.\d{3}|(?<![\d.])-0(?![\d.])|\.\d?0(?!\d)", value), (key, value)
    assert svg.count(">-0.0 and 1.23456<") == 2
    assert ">2.34567<" in svg
    assert ">3.45678<" in svg


@given(st.floats(-1e5, 1e5))
def test_a_rounded_number_is_the_same_when_it_is_read_again(number: float) -> None:
    text = two_decimals(number)
    assert re.fullmatch(r"0|-?(?:[1-9]\d*|0(?=\.))(?:\.\d?[1-9])?", text)
    assert abs(float(text) - number) <= 0.005 + 1e-9
    assert two_decimals(float(text)) == text


def test_the_size_is_in_css_pixels_and_the_font_stack_has_a_widest_font_first() -> None:
    root = ElementTree.fromstring(drawn())
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("288", "192", "0 0 216 144")
    assert str(root.get("font-family")).startswith("'DejaVu Sans',")


def test_each_element_stands_on_a_line_of_its_own(pairs: dict[str, Pair]) -> None:
    for light, _ in pairs.values():
        lines = light.splitlines()
        assert all(re.fullmatch(r"<[^<]*>|<[^<]*>[^<]*</[a-z]+>|</[A-Za-z]+>", line) for line in lines)


def test_a_chart_is_small_as_it_travels(pairs: dict[str, Pair]) -> None:
    for name, (light, _) in pairs.items():
        assert len(gzip.compress(light.encode(), mtime=0)) <= (25_000 if name.endswith("grid") else 10_000)


@pytest.mark.parametrize("text", [HOSTILE, "]]>", "<!--", "&#0;", "\x1b[31m\x00\u202e", "url(#x)"])
def test_hostile_text_stays_text(text: str) -> None:
    svg = drawn(text=drawable(text), gid=f"mech:{drawable(text)}", title=f"1 {text}", desc=f"2 {text}")
    plain = drawn(gid="mech:x", title="1", desc="2")
    tags = [element.tag for element in ElementTree.fromstring(svg).iter()]
    assert tags == [element.tag for element in ElementTree.fromstring(plain).iter()]
    texts = [element.text for element in ElementTree.fromstring(svg).iter() if element.tag == f"{SVG}text"]
    assert texts == [drawable(text)] * 2
    assert not set("\x00\x1b\u202e") & set(svg)


def test_artists_of_a_mechanism_carry_its_name_and_others_none() -> None:
    found = [element for element in parse(drawn(gid="mech:os-pipe")).iter() if "data-mech" in element.attrib]
    assert [element.tag for element in found] == ["g"] * 3
    assert {element.get("data-mech") for element in found} == {"os-pipe"}
    assert not any("id" in element.attrib for element in found)
    inside = [part.tag for element in found for part in element.iter() if part.tag not in ("g", "defs")]
    assert inside == ["path", "path", "use", "use", "text"]
    assert "data-mech" not in drawn()


def test_without_words_a_chart_is_an_image_with_no_name() -> None:
    svg = drawn()
    assert 'role="img"' in svg
    assert "aria-labelledby" not in svg
    assert "<title" not in svg


def test_only_colours_become_variables_and_both_are_given(pairs: dict[str, Pair]) -> None:
    for light, dark in pairs.values():
        merged = merge(light, dark)
        assert all(colour.light != colour.dark for colour in merged.colours)
        in_light = {f"var(--{colour.name})": colour.light for colour in merged.colours}
        in_dark = {f"var(--{colour.name})": colour.dark for colour in merged.colours}
        assert replaced(merged.svg, in_light) == light
        assert replaced(merged.svg, in_dark) == dark


def replaced(svg: str, values: dict[str, str]) -> str:
    return re.sub(r"var\([^)]*\)", lambda found: values[found[0]], svg)


def test_charts_of_a_page_share_their_colours(pairs: dict[str, Pair]) -> None:
    svgs, css = merge_all(list(pairs.values()))
    used = set(re.findall(r"var\(--(k\d+)\)", "".join(svgs)))
    first, *rest = css.splitlines()
    defined = re.findall(r"--(k\d+):(#[0-9a-f]{6});", first)
    assert {name for name, _ in defined} == used
    assert len(defined) == len(used) == len(set(re.findall(r"--(k\d+):", "".join(rest))))
    assert len(css) < 3000
    assert merge_all(list(pairs.values())) == (svgs, css)
    assert merge_all([]) == ([], "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (">level<", ">other<"),
        (' x="', ' dx="'),
        ("</pattern>", "<g/></pattern>"),
        ('font-weight="700"', 'font-weight="400"'),
        ('fill="none"', 'fill="#123456"'),
        ("stroke-dasharray", "stroke-miterlimit"),
    ],
)
def test_charts_that_differ_in_more_than_colours_are_not_merged(before: str, after: str) -> None:
    light, dark = drawn(LIGHT), drawn(DARK)
    assert merge(light, dark).colours
    assert before in dark
    with pytest.raises(ValueError, match="more than colours"):
        merge(light, dark.replace(before, after))


def test_a_chart_with_one_element_more_is_not_merged() -> None:
    light = drawn(LIGHT)
    with pytest.raises(ValueError, match="more than colours"):
        merge(light, light.replace("</svg>", "<path /></svg>"))


def page(path: Path, svg: str, css: str, theme: str) -> Path:
    """Write a page that shows one chart, under a policy that allows nothing but its style sheet."""
    css += "body{margin:0}svg{display:block}"
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'"
    path.write_text(
        f'<!DOCTYPE html><html data-theme="{theme}"><head><meta charset="utf-8"><title>chart</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{css}</style></head><body>{svg}</body>'
    )
    return path


@pytest.mark.sample
@pytest.mark.browser
@pytest.mark.parametrize("name", [chart.id for chart in CHARTS])
def test_a_merged_chart_looks_as_its_own_files_by_system_and_by_choice(
    name: str, pairs: dict[str, Pair], tmp_path: Path
) -> None:
    svgs, css = merge_all(list(pairs.values()))
    merged = svgs[list(pairs).index(name)]
    size = int(parse(merged).attrib["width"]), int(parse(merged).attrib["height"])
    alone = {}
    for theme, svg in zip(("light", "dark"), pairs[name], strict=True):
        file = tmp_path / f"{theme}.svg"
        file.write_text(svg)
        alone[theme] = screenshot(file, size, "light")
        assert len(np.unique(alone[theme].reshape(-1, 3), axis=0)) > 500
    looks: list[tuple[Scheme, str]] = [("light", ""), ("dark", ""), ("light", "dark"), ("dark", "light")]
    for scheme, chosen in looks:
        shown = screenshot(page(tmp_path / "page.html", merged, css, chosen), size, scheme)
        assert int((shown != alone[chosen or scheme]).sum()) == 0, (scheme, chosen)
