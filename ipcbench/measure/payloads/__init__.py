"""Kinds of payload, one file each."""
