"""The site made of these pages: `make docs` writes it to build/docs, without network and without a warning."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for _site

from ipcbench import __version__
from ipcbench.report.drawing.theme import DARK, LIGHT, Theme

project = "ipcbench"
version = release = __version__
extensions = ["myst_parser", "_site.commands", "_site.links", "_site.mechanisms", "_site.pictures"]
exclude_patterns = ["_site"]
myst_heading_anchors = 3  # links to headings, as a code host has them
highlight_language = "text"
smartquotes = False  # `--size` is two hyphens, and quoted lines stay as they were printed

html_theme = "furo"
html_title = f"ipcbench {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = html_show_copyright = html_show_sphinx = False
html_use_index = False


def variables(theme: Theme) -> dict[str, str]:
    """What Furo calls the colours of a theme, so that charts stand on the page they were drawn for."""
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
