"""A Sphinx extension: `.. ipcbench-chart:: ID` shows a chart of a report in the theme of the page.

The directive makes one figure with a caption, a label, an image for light pages and an image for dark pages. Add
"ipcbench.sphinx" to `extensions`; `ipcbench_reports` is the folder of reports, relative to conf.py.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from ipcbench import __version__
from ipcbench.errors import IpcbenchError
from ipcbench.report.embed.pages import find_report
from ipcbench.report.files.manifest import NAME, ChartEntry, load_manifest
from ipcbench.text import safe_text

STATIC = Path(__file__).parent / "report" / "static"
STYLE = "ipcbench-chart.css"
PNG = "ipcbench-png"  # attribute of an image: its PNG, for builders that do not support SVG
SVG_TYPE, PNG_TYPE = "image/svg+xml", "image/png"


class ChartDirective(SphinxDirective):
    """`.. ipcbench-chart:: ID` with :report: (label or folder), :name:, :caption:, :width:, :alt: and :class:."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {
        "report": directives.unchanged_required,
        "name": directives.unchanged_required,
        "caption": directives.unchanged,
        "width": directives.length_or_percentage_or_unitless,
        "alt": directives.unchanged,
        "class": directives.class_option,
    }

    def run(self) -> list[nodes.Node]:
        """Return the figure; an unknown report or chart is an error of the page."""
        try:
            folder = self._folder()
            self.env.note_dependency(str(folder / NAME))
            entry = load_manifest(folder).chart(self.arguments[0])
        except IpcbenchError as error:
            raise self.error(f"ipcbench-chart: {error}") from error
        figure = nodes.figure(classes=["ipcbench-chart", *self.options.get("class", [])])
        self.set_source_info(figure)
        assert entry.files is not None
        for theme, name in (("light", entry.files.light), ("dark", entry.files.dark)):
            figure += self._image(folder, entry, theme, name)
        figure += self._caption(entry)
        self.add_name(figure)
        return [figure]

    def _folder(self) -> Path:
        """Return the report that :report: names, by a path from the page or by label; by default the newest."""
        reports = Path(self.config.ipcbench_reports)
        page = Path(self.env.doc2path(self.env.docname)).parent
        return find_report(self.options.get("report", ""), page, reports).resolve()

    def _image(self, folder: Path, entry: ChartEntry, theme: str, name: str) -> nodes.image:
        path = folder / name
        if not path.is_file():
            raise self.error(f"ipcbench-chart: {path}: no such file, though {NAME} names it; make the report again")
        self.env.note_dependency(str(path))
        image = nodes.image(
            uri=_from_source(path, self.env),
            alt=self.options.get("alt") or safe_text(entry.alt),
            classes=[f"only-{theme}", "no-scaled-link"],
            width=self.options.get("width") or f"{entry.width}px",
        )
        assert entry.files is not None
        image[PNG] = str(folder / entry.files.png) if theme == "light" else ""
        return image

    def _caption(self, entry: ChartEntry) -> nodes.caption:
        own = self.options.get("caption")
        if own:
            found, messages = self.state.inline_text(own, self.lineno)
            return nodes.caption(own, "", *found, *messages)
        text = safe_text(entry.caption, 2000)
        parts = text.split("`")
        code = len(parts) % 2 == 1
        pieces = [
            nodes.literal(part, part) if code and place % 2 else nodes.Text(part) for place, part in enumerate(parts)
        ]
        return nodes.caption(text, "", *pieces)


def _from_source(path: Path, env: BuildEnvironment) -> str:
    """Return the path of a file as Sphinx expects it: relative to the source folder, after a '/'."""
    return "/" + Path(os.path.relpath(path, env.srcdir)).as_posix()


def _one_picture(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Keep only the light image if the output is no web page: as SVG, else as PNG, else as its alternative text."""
    if app.builder.format == "html":
        return
    for image in list(tree.findall(nodes.image)):
        if PNG not in image:
            continue
        if "only-dark" in image["classes"]:
            image.parent.remove(image)
        elif SVG_TYPE not in app.builder.supported_image_types:
            _without_svg(app, image, page)


def _without_svg(app: Sphinx, image: nodes.image, page: str) -> None:
    path = Path(image[PNG])
    if PNG_TYPE not in app.builder.supported_image_types or not path.is_file():
        image.replace_self(nodes.paragraph(image["alt"], image["alt"]))
        return
    uri = _from_source(path, app.env).lstrip("/")
    app.env.images.add_file(page, uri)
    image["uri"], image["candidates"] = uri, {PNG_TYPE: uri}


def _resolve(app: Sphinx, config: Config) -> None:
    config.ipcbench_reports = str(Path(app.confdir) / config.ipcbench_reports)


def _add_style(app: Sphinx) -> None:
    app.config.html_static_path.append(str(STATIC))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive, its style sheet and the setting `ipcbench_reports`."""
    app.add_config_value("ipcbench_reports", "../reports", "env", [str])
    app.add_directive("ipcbench-chart", ChartDirective)
    app.connect("doctree-resolved", _one_picture)
    app.connect("config-inited", _resolve)
    app.connect("builder-inited", _add_style)
    app.add_css_file(STYLE)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
