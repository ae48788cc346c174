"""Many hosts side by side: which of them differ, and where another mechanism wins."""
