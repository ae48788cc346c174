"""What the author of a mechanism or a pattern implements and uses."""
