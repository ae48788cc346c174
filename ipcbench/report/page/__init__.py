"""The writers of a report: HTML, Markdown and text for a terminal."""
