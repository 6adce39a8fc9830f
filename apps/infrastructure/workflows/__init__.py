"""What happens to a host in a worker: one verb a file."""
