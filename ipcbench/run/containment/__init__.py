"""Who owns a run's processes: the warden, its client, and the removal of what killed runs have left."""
