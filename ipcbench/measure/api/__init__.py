"""What the author of a mechanism or pattern implements and uses: ports, patterns, payloads."""
