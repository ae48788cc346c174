"""Settings of the site: `make docs` builds it in build/docs, without network; a warning is an error."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for _site

from ipcbench import __version__
from ipcbench.report.drawing.theme import DARK, LIGHT, Theme

project = "ipcbench"
version = release = __version__
extensions = ["myst_parser", "_site.commands", "_site.links", "_site.mechanisms", "_site.pictures"]
exclude_patterns = ["_site"]
myst_heading_anchors = 3  # anchors of headings, as on a code host
highlight_language = "text"
smartquotes = False  # keeps the two hyphens of `--size`, and quoted lines as they were printed

html_theme = "furo"
html_title = f"ipcbench {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = html_show_copyright = html_show_sphinx = False
html_use_index = False


def variables(theme: Theme) -> dict[str, str]:
    """Return Furo's colour variables for a theme, so that pages have the colours of the charts."""
    return {
        "color-background-primary": theme.page,
        "color-background-secondary": theme.panel,
        "color-background-border": theme.grid,
        "color-foreground-primary": theme.ink,
        "color-foreground-secondary": theme.muted,
        "color-foreground-muted": theme.muted,
        "color-brand-primary": theme.best,
        "color-brand-content": theme.best,
        "color-brand-visited": theme.best,
    }


html_theme_options = {"light_css_variables": variables(LIGHT), "dark_css_variables": variables(DARK)}
