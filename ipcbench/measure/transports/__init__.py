"""Code that several mechanisms share: connections, rings, pools, and clients of libraries."""
