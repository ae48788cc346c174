"""From tables of visits to statements: medians with intervals, paired comparisons, ranks.

Only `compare.side` and `fleet.host` read files.
"""
