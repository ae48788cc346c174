"""One file per pattern; the folder is the registry."""
