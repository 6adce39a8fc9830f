"""Commands of the metadata app."""
