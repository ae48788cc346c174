"""The report in a real browser: it asks for nothing, complains of nothing, and its controls do what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import chromium, page_of, visit
from paths import RESULTS
from playwright.sync_api import Browser, Page
from synthetic import make_result

from ipcbench.model import Case
from ipcbench.report.drawing.theme import DARK, LIGHT, THEMES, Theme
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load

pytestmark = [pytest.mark.browser, pytest.mark.slow]

REFERENCE = RESULTS / "reference.json"
WIDTHS = (360, 768, 1440)
EVIL = "</script><img src=x onerror=alert(1)>\"'\u202e\u05d0\u05d1"
PLAIN_EVIL = "</script><img src=x onerror=alert(1)>\"'\u05d0\u05d1"  # what cannot be seen is left out
LONG = "x" * 300
FIRST = "#glance table"  # for each payload and number of workers who is fastest


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def report(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - no browser, no report
    return shown(load(REFERENCE), tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def hostile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - no browser, no report
    names = [f"{EVIL[:20]}{n}".replace("/", "") for n in range(3)] + [LONG, "\u05d0\u05d1\u05d2"]
    cases = [Case("ping-pong", name, size) for name in names for size in (64, 4096)]
    titles = dict.fromkeys(names, EVIL)
    result = make_result(cases, 3, label=EVIL, cpu_model=LONG, titles=titles, notes={cases[0].id: [EVIL, LONG]})
    result.ipcbench.command = f"{EVIL} {LONG}"
    return shown(result, tmp_path_factory.mktemp("hostile"))


def shown(result: ResultFile, folder: Path) -> Path:
    file = folder / "report.html"
    file.write_text(page_of(result), encoding="utf-8")
    return file


def colour(code: str) -> str:
    return f"rgb({', '.join(str(int(code[at : at + 2], 16)) for at in (1, 3, 5))})"


def background(page: Page) -> Any:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def column(page: Page, table: str, place: int) -> list[str]:
    cells: list[str] = page.evaluate(
        "([table, place]) => [...document.querySelector(table).tBodies[0].rows]"
        ".map((row) => row.cells[place].innerText)",
        [table, place],
    )
    return cells


def values(page: Page, table: str, place: int) -> list[float]:
    exact: list[float] = page.evaluate(
        "([table, place]) => [...document.querySelector(table).tBodies[0].rows]"
        ".map((row) => row.cells[place].dataset.v).filter(Boolean).map(Number)",
        [table, place],
    )
    return exact


def address(page: Page) -> str:
    return page.url.partition("#")[2]


def test_the_page_is_one_request_and_stays_silent_whatever_is_clicked(browser: Browser, report: Path) -> None:
    with visit(browser, report, viewport={"width": 1440, "height": 900}) as seen:
        assert seen.requests == [report.as_uri()]
        clicked = seen.see(
            'document.querySelectorAll("summary, button").forEach((one) => one.click());'
            'document.querySelectorAll("button").length'
        )
        assert clicked > 100
        assert (
            seen.page.locator("section > figure svg").count() == seen.page.locator("section:has(> figure)").count() > 4
        )


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("which", ["report", "hostile"])
def test_the_body_never_scrolls_sideways(
    browser: Browser, request: pytest.FixtureRequest, which: str, width: int
) -> None:
    with visit(browser, request.getfixturevalue(which), viewport={"width": width, "height": 800}) as seen:
        seen.see('document.querySelectorAll("details").forEach((one) => { one.open = true; })')
        assert seen.see("document.documentElement.scrollWidth") <= width
        assert seen.see("document.body.scrollWidth") <= width


def test_columns_sort_by_exact_value_up_down_and_back(browser: Browser, report: Path) -> None:
    with visit(browser, report) as seen:
        page = seen.page
        before = column(page, FIRST, 4)
        head = page.locator(f"{FIRST} th", has_text="Time").first
        for order, backwards in (("ascending", False), ("descending", True)):
            head.get_by_role("button").click()
            assert head.get_attribute("aria-sort") == order
            found = values(page, FIRST, 4)
            assert len(found) == len(before)
            assert found == sorted(found, reverse=backwards)
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") is None
        assert column(page, FIRST, 4) == before


def test_equal_rows_keep_their_order_and_those_without_a_number_stand_last(browser: Browser, report: Path) -> None:
    with visit(browser, report, "all-cases") as seen:
        page, table = seen.page, "#all-cases table"
        names = column(page, table, 0)
        rounds = page.locator(f"{table} th", has_text="Rounds").get_by_role("button")
        median = page.locator(f"{table} th", has_text="Median").get_by_role("button")
        counts = dict(zip(names, column(page, table, 6), strict=True))
        rounds.click()
        numbered = sorted((name for name in names if counts[name]), key=lambda name: int(counts[name]))
        assert len(set(counts.values())) < len(numbered), "some rows are equal"
        assert column(page, table, 0) == [*numbered, *(name for name in names if not counts[name])]
        for _ in range(2):
            median.click()
            assert column(page, table, 1)[-1] == "wrong"


def test_a_chip_marks_one_mechanism_in_charts_and_tables(browser: Browser, report: Path) -> None:
    with visit(browser, report) as seen:
        page = seen.page
        page.locator(".bar summary").click()
        chip = page.locator('[data-chip="pipe"]')
        chip.click()
        assert chip.get_attribute("aria-pressed") == "true"
        assert address(page) == "&mech=pipe"
        assert page.locator('tr[data-mech="pipe"].on').count() > 5
        assert page.locator('tr:not([data-mech="pipe"]).on').count() == 0
        chart = page.locator("#slowdown-matrix svg").first
        assert chart.locator('[data-mech="pipe"]').count() > 0
        assert chart.locator('[data-mech="pipe"].dim').count() == 0
        others = chart.locator('[data-mech]:not([data-mech="pipe"])')
        assert others.count() == chart.locator(".dim").count() > 0
        assert (
            float(
                others.first.evaluate(
                    "(one) => { one.style.transition = 'none'; return getComputedStyle(one).opacity }"
                )
            )
            < 0.5
        )
        chip.click()
        assert chip.get_attribute("aria-pressed") == "false"
        assert page.locator(".dim, .on").count() == 0


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_is_that_of_the_system_until_one_is_chosen(browser: Browser, report: Path, system: str) -> None:
    themes: dict[str, Theme] = {theme.name: theme for theme in THEMES}
    with visit(browser, report, color_scheme=system) as seen:
        page = seen.page
        for choice, shown in (("auto", system), ("light", "light"), ("dark", "dark"), ("auto", system)):
            button = page.get_by_role("button", name=choice, exact=True)
            button.click()
            assert button.get_attribute("aria-pressed") == "true"
            assert page.locator("[data-set-theme][aria-pressed=true]").count() == 1
            assert background(page) == colour(themes[shown].page)
            fill = "getComputedStyle(document.querySelector('#slowdown-matrix svg path')).fill"
            assert seen.see(fill) == colour(themes[shown].page), "the ground of a chart is that of the page"


def test_a_deep_link_shows_its_chart(browser: Browser, report: Path) -> None:
    with visit(browser, report, "stability&theme=dark") as seen:
        charts = seen.see('[...document.querySelectorAll("section:has(> figure)")].map((one) => one.id)')
        assert len(charts) > 4
        for chart in charts:
            seen.page.goto(f"{report.as_uri()}#{chart}&theme=dark")
            top = seen.see("(id) => document.getElementById(id).getBoundingClientRect().top", chart)
            at_the_end = seen.see("scrollY + innerHeight >= document.documentElement.scrollHeight - 1")
            assert 0 <= top < 100 or at_the_end
            assert background(seen.page) == colour(DARK.page)


@pytest.mark.parametrize("place", ["mech=queue&theme=dark", "&mech=queue&theme=dark", "theme=dark&mech=queue"])
def test_a_link_without_a_place_carries_all_that_was_chosen(browser: Browser, report: Path, place: str) -> None:
    with visit(browser, report, place) as seen:
        page = seen.page
        assert page.locator('[data-chip="queue"]').get_attribute("aria-pressed") == "true"
        assert page.locator("[data-set-theme=dark]").get_attribute("aria-pressed") == "true"
        assert background(page) == colour(DARK.page)
        page.locator("[data-set-theme=light]").evaluate("(button) => button.click()")
        assert address(page) == "&mech=queue&theme=light"


def test_a_deep_link_opens_what_is_folded_away(browser: Browser, report: Path) -> None:
    with visit(browser, report, "all-cases") as seen:
        assert seen.page.locator("#all-cases table").is_visible()
        assert not seen.page.locator("#mechanisms table").is_visible()


def test_what_was_chosen_survives_a_reload_and_a_link_inside_the_page(browser: Browser, report: Path) -> None:
    with visit(browser, report, "winner-map&mech=queue&theme=dark") as seen:
        page = seen.page
        for _ in range(2):
            assert page.locator('[data-chip="queue"]').get_attribute("aria-pressed") == "true"
            assert page.locator("[data-set-theme=dark]").get_attribute("aria-pressed") == "true"
            page.reload()
        page.get_by_role("link", name="Latency").click()
        assert address(page) == "latency&mech=queue&theme=dark"
        page.go_back()
        assert address(page) == "winner-map&mech=queue&theme=dark"


@pytest.mark.parametrize(
    "place",
    [
        "<img src=x onerror=alert(1)>&mech=<script>alert(1)</script>&theme=javascript:alert(1)",
        "%3Cimg%20src=x%20onerror=alert(1)%3E&mech=%3Csvg%20onload=alert(1)%3E",
        "nowhere&mech=nobody&theme=pink&&&=",
        "%E0%A4%A&mech=%E0%A4%A",
        "__proto__&mech=__proto__&theme=constructor",
    ],
)
def test_an_address_that_names_nothing_on_the_page_changes_nothing(browser: Browser, report: Path, place: str) -> None:
    whole = "document.documentElement.outerHTML"
    with visit(browser, report) as plain, visit(browser, report, place) as seen:
        assert seen.see(whole) == plain.see(whole)


def test_copy_takes_the_snippet_or_else_selects_it(browser: Browser, report: Path) -> None:
    with visit(browser, report) as seen:
        box = seen.page.locator("#slowdown-matrix .embed")
        box.locator("summary").click()
        area = box.locator("textarea")
        for outcome, said in (("async () => {}", "Copied."), ("async () => { throw 1 }", "Selected")):
            seen.see(f"() => {{ navigator.clipboard.writeText = {outcome}; }}")
            box.get_by_role("button", name="Copy").click()
            seen.page.locator("#slowdown-matrix [role=status]", has_text=said).wait_for()
        snippet = seen.see(
            "(() => { const a = document.activeElement; return a.value.slice(a.selectionStart, a.selectionEnd) })()"
        )
        assert snippet == area.input_value()
        assert "slowdown-matrix-dark.svg" in snippet
        assert area.get_attribute("readonly") is not None


def focused(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        "(() => { const a = document.activeElement; return {tag: a.tagName, text: a.textContent, "
        "chip: a.dataset.chip ?? '', head: a.parentElement.tagName === 'TH', "
        "ring: getComputedStyle(a).outlineStyle !== 'none'} })()"
    )
    return found


def test_everything_can_be_done_with_the_keyboard_and_where_it_is_can_be_seen(browser: Browser, report: Path) -> None:
    with visit(browser, report) as seen:
        page, pressed, sorted_ = seen.page, False, False
        page.keyboard.press("Tab")
        assert focused(page)["text"] == "Skip to the findings"
        for _ in range(200):
            page.keyboard.press("Tab")
            at = focused(page)
            assert at["ring"], at
            if at["text"] == "Highlight":
                page.keyboard.press("Enter")
            if at["chip"] == "queue":
                page.keyboard.press("Space")
                assert page.locator('[data-chip="queue"]').get_attribute("aria-pressed") == "true"
                pressed = True
            if at["head"]:
                page.keyboard.press("Enter")
                assert seen.see("document.activeElement.parentElement.ariaSort") == "ascending"
                sorted_ = True
                break
        assert pressed
        assert sorted_


def test_a_chart_too_wide_for_the_screen_scrolls_in_its_box_with_the_keyboard(browser: Browser, report: Path) -> None:
    with visit(browser, report, viewport={"width": 360, "height": 800}) as seen:
        box = seen.page.locator("#slowdown-matrix figure .wide")
        assert box.evaluate("(box) => box.scrollWidth > box.clientWidth")
        box.focus()
        box.evaluate("(box) => { window.moved = new Promise((done) => box.addEventListener('scroll', done)) }")
        seen.page.keyboard.press("ArrowRight")
        assert seen.see("window.moved.then(() => document.activeElement.scrollLeft)") > 0


def test_without_scripts_everything_is_there_to_read(browser: Browser, report: Path) -> None:
    with visit(browser, report, java_script_enabled=False) as seen:
        page = seen.page
        assert not page.locator(".bar").is_visible()
        assert page.locator("th button").count() == 0
        for chart in page.locator("figure svg").all():
            assert chart.is_visible()
        assert page.locator(FIRST).first.is_visible()
        page.locator("#all-cases > summary").click()
        assert page.locator("#all-cases table").is_visible()


def test_forced_colours_leave_text_and_charts_readable_and_less_motion_means_none(
    browser: Browser, report: Path
) -> None:
    options = {"forced_colors": "active", "reduced_motion": "reduce", "color_scheme": "light"}
    with visit(browser, report, "&mech=pipe", **options) as seen:
        look = "getComputedStyle(document.querySelector('{}')).{}"
        assert seen.see("matchMedia('(forced-colors: active)').matches")
        for what in ("body", "h1", "th button", ".badge li", "[aria-pressed=true]"):
            ground = seen.see(look.format(what, "backgroundColor"))
            assert seen.see(look.format(what, "color")) != ground, what
        assert seen.see(look.format(".wide svg", "backgroundColor")) == colour(LIGHT.page)
        assert seen.see(look.format("svg text", "fill")) != colour(LIGHT.page)
        assert seen.see(look.format("svg [data-mech]", "transitionDuration")) == "0s"


def test_on_paper_it_is_light_and_nothing_is_folded_away(browser: Browser, report: Path) -> None:
    with visit(browser, report, "&theme=dark", color_scheme="dark") as seen:
        page = seen.page
        page.emulate_media(media="print", color_scheme="dark")
        assert background(page) == colour(LIGHT.page)
        fill = "getComputedStyle(document.querySelector('#slowdown-matrix svg path')).fill"
        assert seen.see(fill) == colour(LIGHT.page)
        assert not page.locator(".bar").is_visible()
        seen.see("dispatchEvent(new Event('beforeprint'))")
        assert seen.see("document.querySelectorAll('details:not([open])').length") == 0
        seen.see("dispatchEvent(new Event('afterprint'))")
        assert seen.see("document.querySelectorAll('details:not([open])').length") > 3


def test_on_paper_without_scripts_nothing_is_folded_away_either(browser: Browser, report: Path) -> None:
    with visit(browser, report, java_script_enabled=False) as seen:
        rows = seen.page.locator("#all-cases tbody tr").last
        assert not rows.is_visible()
        seen.page.emulate_media(media="print")
        assert rows.is_visible()


@pytest.mark.parametrize("font", ["", "Liberation Sans", "Noto Sans"])
def test_every_text_stays_inside_its_chart_in_fallback_fonts_too(browser: Browser, report: Path, font: str) -> None:
    with visit(browser, report, viewport={"width": 1440, "height": 900}) as seen:
        outside = seen.see(
            """(font) => [...document.querySelectorAll("figure svg")].flatMap((svg) => {
              if (font) for (const one of [svg, ...svg.querySelectorAll("[font-family]")]) {
                one.style.fontFamily = `"${font}", sans-serif`;
              }
              const box = svg.getBoundingClientRect();
              return [...svg.querySelectorAll("text")].filter((text) => {
                const at = text.getBoundingClientRect();
                return at.left < box.left - 0.5 || at.right > box.right + 0.5 || at.top < box.top - 0.5
                  || at.bottom > box.bottom + 0.5;
              }).map((text) => text.textContent);
            })""",
            font,
        )
        assert outside == []
        assert seen.see('document.querySelectorAll("figure svg text").length') > 100


@pytest.mark.parametrize(
    ("width", "theme", "folded"),
    [(360, "light", "#slowdown details, .bar details, #questions"), (1440, "dark", ".bar details")],
)
def test_axe_finds_nothing_serious(browser: Browser, report: Path, width: int, theme: str, folded: str) -> None:
    with visit(browser, report, color_scheme=theme, viewport={"width": width, "height": 900}) as seen:
        seen.see("(what) => document.querySelectorAll(what).forEach((one) => { one.open = true; })", folded)
        found = Axe().run(seen.page).response["violations"]
        serious = [
            (each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_text_from_a_hostile_file_is_shown_as_text(browser: Browser, hostile: Path) -> None:
    with visit(browser, hostile) as seen:
        page = seen.page
        assert page.locator("img, iframe, object, form").count() == 0
        assert page.locator("script").count() == 1
        assert PLAIN_EVIL[:100] in page.locator("h1").inner_text()
        assert PLAIN_EVIL in page.title()
        page.locator(".bar summary").click()
        for chip in page.locator("[data-chip]").all():
            chip.click()
            assert chip.get_attribute("aria-pressed") == "true"
            page.reload()
            page.locator(".bar summary").click()
            assert chip.get_attribute("aria-pressed") == "true"
