"""A whole data centre in tables: every worker process sees the same machines, and everything can be made to fail."""
