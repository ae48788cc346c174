"""One module per mechanism, found by its file name."""
