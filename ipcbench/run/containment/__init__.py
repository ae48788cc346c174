"""Own the processes of a run: the warden, its client, and the removal of what killed runs left behind."""
