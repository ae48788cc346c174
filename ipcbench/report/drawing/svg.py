"""Write figures as SVG text and PNG bytes, without pyplot: no global figure, no display.

matplotlib's SVG is rewritten so that equal figures give equal bytes, so that several can stand inline in one page
under a strict content-security policy, and so that a screen reader can say what they are.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ipcbench.report.drawing.plotting import mpl, style
from ipcbench.report.drawing.theme import TO_DARK, Theme
from ipcbench.text import safe_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESOLUTION = 192  # dots per inch of PNG files
CSS_PIXELS = 96 / 72  # per point
FONT = "'DejaVu Sans'"  # the font of the layout, the widest of those below
FONTS = f"{FONT},Verdana,system-ui,sans-serif"
MECHANISM = "mech:"  # prefix of the gid of artists that belong to a mechanism
LONGEST_TITLE, LONGEST_DESC = 300, 4000  # characters

COLOUR = re.compile(r'(?:(?<= fill=")|(?<= stroke="))(#[0-9a-f]{6})(?="[^<>]*>)')
"""A colour in SVG text as `to_svg` writes it: the value of an attribute, never a part of a text."""
_PLACES = {"d", "transform", "viewBox", "x", "y", "width", "height"}
_LENGTHS = {"font-size", "stroke-width", "stroke-dasharray", "stroke-dashoffset"}
_PAINTS = {"fill", "stroke", "clip-path"}
_IMPLIED = {("font-family", FONT), ("text-anchor", "start"), ("stroke-dashoffset", "0")}  # by the root, or by SVG
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_COMMAND = re.compile(r" ?([A-Za-z]) ?")
_NO_TURN = re.compile(r"rotate\(0 [^)]*\)")
_EVERYTHING = re.compile(r"\s*\*\s*{([^}]*)}\s*")


@contextmanager
def drawing(theme: Theme, salt: str) -> Iterator[None]:
    """Context for drawing and saving: matplotlib's defaults plus the theme, whatever the user's settings.

    salt makes matplotlib's own ids repeatable; to_svg replaces them, so it is the second of two defences.
    """
    settings = theme.rc() | {"svg.hashsalt": f"ipcbench:{salt}"}
    with style.context("default", after_reset=True), mpl.rc_context(settings):  # type: ignore[arg-type]
        yield


def to_png(figure: Figure) -> bytes:
    """Write a figure as the bytes of a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=RESOLUTION, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
    return file.getvalue()


def to_svg(figure: Figure, *, id: str = "chart", title: str = "", desc: str = "") -> str:
    """Write a figure as SVG text, one element per line, with real text in it; equal figures give equal bytes.

    Every id inside begins with `id`, so charts with other ids can stand in the same page. title and desc are what is
    read out; they may hold untrusted text, as may texts of the figure that went through `sheet.drawable`. The group of
    an artist whose gid is `mech:<name>` gets data-mech="<name>"; several may have the same. Places are rounded to 1/100
    point. There is no style attribute, style element, script, image or address in it.
    """
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = parse(file.getvalue())
    _remove(root, "metadata")
    _replace_styles(root)
    _name_mechanisms(root)
    _renumber(root, id)
    for element in root.iter():
        element.attrib = _shortened(element.attrib)
    _unwrap(root)
    _resize(root)
    _describe(root, id, {"title": safe_text(title, LONGEST_TITLE), "desc": safe_text(desc, LONGEST_DESC)})
    return serialise(root)


def in_dark(svg: str) -> str:
    """Return the dark picture of a chart, from its light one as `to_svg` writes it."""
    return COLOUR.sub(lambda found: TO_DARK.get(found[0], found[0]), svg)


def parse(svg: str) -> Element:
    """Read SVG text as a tree whose elements and attributes have names without a namespace.

    Raises xml.etree.ElementTree.ParseError where it is not XML.
    """
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        element.tag = _bare(element.tag)
        element.attrib = {_bare(name): value for name, value in element.attrib.items()}
    return root


def serialise(root: Element) -> str:
    """Write what `parse` gives: one element per line, attributes in the order of their names, a line end at the end."""
    for element in root.iter():
        element.attrib = dict(sorted(element.attrib.items()))
        if len(element) and element.tag not in ("text", "tspan"):  # in these a line end would be seen as a blank
            element.text = "\n"
            for child in element:
                child.tail = "\n"
    root.attrib = {"xmlns": "http://www.w3.org/2000/svg"} | root.attrib
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _bare(name: str) -> str:
    return name.rpartition("}")[2]


def _remove(root: Element, tag: str) -> None:
    for parent in list(root.iter()):
        for child in parent.findall(tag):
            parent.remove(child)


def _replace_styles(root: Element) -> None:
    """Turn each style attribute into presentation attributes, and the style element into attributes of the root."""
    for sheet in list(root.iter("style")):
        rule = _EVERYTHING.fullmatch(sheet.text or "")
        if rule is None:
            raise ValueError(f"matplotlib writes a style sheet that is not known here: {sheet.text!r}")
        root.attrib |= _declarations(rule[1])
    _remove(root, "style")
    for element in root.iter():
        element.attrib |= _declarations(element.attrib.pop("style", ""))


def _declarations(css: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in css.split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _name_mechanisms(root: Element) -> None:
    for element in root.iter():
        if element.get("id", "").startswith(MECHANISM):
            element.set("data-mech", element.attrib.pop("id").removeprefix(MECHANISM))


def _renumber(root: Element, prefix: str) -> None:
    """Name referenced elements by their place in the file, not by a hash or a counter; drop all other names."""
    links = [
        (element, key, value.removeprefix("url(").strip("#)"))
        for element in root.iter()
        for key, value in element.attrib.items()
        if key == "href" or (key in _PAINTS and value.startswith("url(#"))
    ]
    used = {target for _, _, target in links}
    names: dict[str, str] = {}
    for element in root.iter():
        name = element.attrib.pop("id", "")
        if name in used:
            names[name] = f"{prefix}-{len(names) + 1}"
            element.set("id", names[name])
    for element, key, target in links:
        element.set(key, f"#{names[target]}" if key == "href" else f"url(#{names[target]})")


def _shortened(attributes: dict[str, str]) -> dict[str, str]:
    """Return the attributes with rounded numbers, without needless blanks and without implied attributes."""
    short = {name: _rounded(value) if name in _PLACES | _LENGTHS else value for name, value in attributes.items()}
    if "d" in short:
        short["d"] = _COMMAND.sub(r"\1", short["d"])
    if _NO_TURN.fullmatch(short.get("transform", "")):
        del short["transform"]
    return {name: value for name, value in short.items() if (name, value) not in _IMPLIED}


def _rounded(numbers: str) -> str:
    return _NUMBER.sub(lambda found: two_decimals(float(found[0])), " ".join(numbers.split()))


def two_decimals(number: float) -> str:
    """Write a number with at most two decimals, without zeros at the end and without a negative zero."""
    return f"{round(number, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _unwrap(parent: Element) -> None:
    """Take the content of groups that say nothing out of them, and drop what holds nothing."""
    kept: list[Element] = []
    for child in parent:
        _unwrap(child)
        if child.tag == "g" and not child.attrib:
            kept += child
        elif len(child) or child.tag not in ("g", "defs"):
            kept.append(child)
    parent[:] = kept


def _resize(root: Element) -> None:
    """Give the size in whole CSS pixels, as some programs refuse points and browsers cut parts of a pixel off.

    The view takes in what that adds, or leaves it out, so that a point stays 4/3 pixels.
    """
    width, height = (round(float(root.attrib[name].removesuffix("pt")) * CSS_PIXELS) for name in ("width", "height"))
    view = f"0 0 {two_decimals(width / CSS_PIXELS)} {two_decimals(height / CSS_PIXELS)}"
    root.attrib |= {"width": str(width), "height": str(height), "viewBox": view}
    del root.attrib["version"]


def _describe(root: Element, prefix: str, words: dict[str, str]) -> None:
    """Say what a screen reader reads in place of the parts of the picture."""
    root.attrib |= {"role": "img", "font-family": FONTS}
    said = [(f"{prefix}-{tag}", tag, text) for tag, text in words.items() if text]
    for place, (name, tag, text) in enumerate(said):
        element = Element(tag, id=name)
        element.text = text
        root.insert(place, element)
    if said:
        root.set("aria-labelledby", " ".join(name for name, _, _ in said))
