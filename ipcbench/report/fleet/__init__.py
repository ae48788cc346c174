"""The report over many hosts: its words, formats and charts."""
