"""Commands that measure: what is asked for, the session that runs it, and the words while it runs and at its end."""
