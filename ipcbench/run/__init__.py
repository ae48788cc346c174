"""Getting the plan measured: one visit, all visits, the journal, and what is left behind."""
