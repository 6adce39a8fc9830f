"""Network elements."""
