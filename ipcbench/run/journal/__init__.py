"""The append-only file of records from which a killed run is resumed."""
