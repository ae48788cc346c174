"""One file per mechanism; the folder is the registry."""
