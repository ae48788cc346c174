"""Compare many hosts: which hosts differ, and where another mechanism wins."""
