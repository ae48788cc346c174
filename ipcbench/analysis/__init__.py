"""From tables of visits to statements: medians with intervals, paired comparisons, ranks. Nothing here does I/O."""
