"""The life of a measured process: who its peers are, where they run, what they leave behind."""
