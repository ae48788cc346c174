"""Measure a plan: sessions, rounds, visits, the journal, and the result."""
