"""Mechanisms that fail on request, and the verdicts that they should get."""
