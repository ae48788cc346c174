"""Open pages in a real headless Chromium: one browser for a test module, a new context for each page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from browser import program
from playwright.sync_api import Browser, Page, sync_playwright

from ipcbench.report.content.study import study
from ipcbench.report.files.contents import draw_all
from ipcbench.report.page.html import page
from ipcbench.results.schema import ResultFile

DEADLINE = 20_000  # milliseconds, for every wait
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
"""


def page_of(result: ResultFile) -> str:
    """Return the text of report.html alone, which takes less time than a whole report."""
    about = study(result)
    return page(about, draw_all(about, png=False))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser; skip or fail without one, see `browser.program`."""
    path = program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=DEADLINE)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """An open page, with its requests and its console messages."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def see(self, script: str, argument: Any = None) -> Any:
        """Return the result of a script in the page."""
        return self.page.evaluate(script, argument)


@contextmanager
def visit(browser: Browser, file: Path, place: str = "", **options: Any) -> Iterator[Visit]:
    """Open a file without a network; fails if the page requests another file or reports a problem.

    place: the part of the address after #. options: those of a browser context.
    """
    context = browser.new_context(offline=True, **options)
    context.set_default_timeout(DEADLINE)
    context.add_init_script(WATCH)
    try:
        tab = context.new_page()
        seen = Visit(tab)
        tab.on("request", lambda request: seen.requests.append(request.url.partition("#")[0]))
        tab.on("console", lambda message: seen.complaints.append(message.text))
        tab.on("pageerror", lambda error: seen.complaints.append(str(error)))
        tab.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
        tab.goto(file.as_uri() + (f"#{place}" if place else ""))
        yield seen
        assert set(seen.requests) == {file.as_uri()}
        assert seen.complaints == []
        assert options.get("java_script_enabled") is False or seen.see("violations") == []
    finally:
        context.close()
