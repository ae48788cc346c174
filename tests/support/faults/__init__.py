"""Mechanisms that fail on request, and the verdicts that are right for them."""
