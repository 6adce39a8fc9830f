"""Storage objects on the wire."""
