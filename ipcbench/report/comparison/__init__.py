"""The report of a comparison: its words, formats and charts."""
