"""`<picture>` becomes two images, which follow the theme switch of the site and not the reader's system.

As images of the document, Sphinx finds and copies them, and warns if one is missing.
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
    """Replace the tags of pictures, which MyST passes on one by one, or together if a line begins with one."""

    default_priority = 200  # before Sphinx gathers the images

    def apply(self, **_: Any) -> None:
        dark = None  # address of the dark picture, from its <source> to the next <img>
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
    """Return the image of an `<img>`, and the image for dark pages if there is one."""
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
    """Register the transform."""
    app.add_transform(Pictures)
    return {"parallel_read_safe": True}
