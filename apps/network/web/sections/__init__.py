"""One section a file."""
