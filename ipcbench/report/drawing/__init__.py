"""How pictures are drawn: theme, axes, sheets of panels, SVG."""
