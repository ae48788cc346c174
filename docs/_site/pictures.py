"""`<picture>`, which a code host shows by the reader's system, becomes two images that follow the site's own switch.

As images of the document they are looked for, copied and warned about by Sphinx, like any other.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

_TAG = re.compile(r"<(/?picture|source|img)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


class Pictures(SphinxTransform):
    """Replaces the tags of pictures, which MyST passes on one by one, or together where a line begins with one."""

    default_priority = 200  # before Sphinx gathers the images

    def apply(self, **_: Any) -> None:
        dark = None  # the picture for a dark page, between its tag and that of the other
        for raw in [*self.document.findall(nodes.raw)]:
            tags = _TAG.findall(raw.astext())
            images: list[nodes.Node] = []
            for name, rest in tags:
                attributes = {key: unescape(value) for key, value in _ATTRIBUTE.findall(rest)}
                if name == "img":
                    images += both(attributes, dark)
                dark = attributes["srcset"] if name == "source" else None
            if tags:
                _put_in_place_of(raw, images)


def both(attributes: dict[str, str], dark: str | None) -> list[nodes.Node]:
    """The image that an `<img>` shows, and the one that takes its place on a dark page where there is one."""
    common = {key: attributes[key] for key in ("alt", "width") if key in attributes}
    light = nodes.image(uri=attributes["src"], classes=["only-light"] if dark else [], **common)
    return [light, nodes.image(uri=dark, classes=["only-dark"], **common)] if dark else [light]


def _put_in_place_of(raw: nodes.raw, images: list[nodes.Node]) -> None:
    paragraph = raw.parent
    if isinstance(paragraph, nodes.paragraph):
        paragraph.replace(raw, images)
    else:
        paragraph = nodes.paragraph("", "", *images)
        raw.replace_self(paragraph if images else [])
    if images:
        paragraph["classes"].append("picture")


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_transform(Pictures)
    return {"parallel_read_safe": True}
