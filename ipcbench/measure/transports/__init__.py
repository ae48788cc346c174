"""What several mechanisms share: connections, rings, pools, and the clients of libraries."""
