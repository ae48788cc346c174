"""One module per pattern, found by its file name."""
