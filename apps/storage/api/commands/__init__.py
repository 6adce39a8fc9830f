"""Commands of storage, one noun a file."""
