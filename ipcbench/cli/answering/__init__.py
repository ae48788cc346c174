"""What `which` and `advise` share: the need that a user describes, the results that answer it, and the answer."""
