"""Charts of a report in pages of other projects."""
