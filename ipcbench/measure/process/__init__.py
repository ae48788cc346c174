"""The life of a measured process: its peers, its CPUs, its names, its end, and what it leaves behind."""
