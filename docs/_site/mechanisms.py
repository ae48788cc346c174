"""The directive `mechanisms`: the name and title of every mechanism, by family, from the catalog."""

from itertools import groupby

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ipcbench.plan import catalog


class Mechanisms(SphinxDirective):
    """List all mechanisms of ipcbench, without plug-ins, in the order of `ipcbench list`."""

    def run(self) -> list[nodes.Node]:
        families = groupby(catalog.mechanisms(), lambda one: one.family)
        listed = nodes.definition_list()
        for family, found in families:
            items = nodes.bullet_list(bullet="-")
            for one in found:
                text = f" {one.title}" + (f", needs {', '.join(one.requires)}" if one.requires else "")
                items += nodes.list_item("", nodes.paragraph("", "", nodes.literal(text=one.name), nodes.Text(text)))
            listed += nodes.definition_list_item("", nodes.term(text=family), nodes.definition("", items))
        return [listed]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("mechanisms", Mechanisms)
    return {"parallel_read_safe": True}
