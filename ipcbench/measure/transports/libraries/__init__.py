"""Transports over libraries of other projects, and the servers that some of them need."""
