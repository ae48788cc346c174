"""What a report says, as sentences and tables, before anything is laid out."""
