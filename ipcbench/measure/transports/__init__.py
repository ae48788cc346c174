"""Code that several mechanisms share: connections, rings and pools. Clients of libraries are in `libraries`."""
