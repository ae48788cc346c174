"""Links that leave docs/: they lead to the page of the site that includes the file, or to a copy to download."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

_LINK = re.compile(r"\]\(\.\./([\w./-]+\.md)(#[\w-]+)?\)")
PAGES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "README.md": "index.md"}


def within(text: str) -> str:
    """Return the text of a page with links into the site; in MyST `path:` makes a copy to download."""
    return _LINK.sub(lambda link: f"]({PAGES.get(link[1], f'path:../{link[1]}')}{link[2] or ''})", text)


def _change_links(_app: Sphinx, _page: str, content: list[str]) -> None:
    content[0] = within(content[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Change links as Sphinx reads a page."""
    app.connect("source-read", _change_links)
    return {"parallel_read_safe": True}
