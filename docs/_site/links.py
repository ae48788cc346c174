"""Links that leave docs/ on a code host: to pages that include the file, or to a copy of it to download."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

_LINK = re.compile(r"\]\(\.\./([\w./-]+\.md)(#[\w-]+)?\)")
PAGES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "README.md": "index.md"}


def within(text: str) -> str:
    """The text of a page with links that lead somewhere in the site; `path:` is MyST's word for a copy."""
    return _LINK.sub(lambda link: f"]({PAGES.get(link[1], f'path:../{link[1]}')}{link[2] or ''})", text)


def _change_links(_app: Sphinx, _page: str, content: list[str]) -> None:
    content[0] = within(content[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("source-read", _change_links)
    return {"parallel_read_safe": True}
