"""Commands of the compute app."""
