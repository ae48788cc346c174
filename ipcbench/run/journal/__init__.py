"""How a run survives being killed: an append-only file of records, from which it is resumed."""
