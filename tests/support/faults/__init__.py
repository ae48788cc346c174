"""Mechanisms that fail on request, and what is right for a visit to say of them."""
