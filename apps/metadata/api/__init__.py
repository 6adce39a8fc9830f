"""The command API of the metadata app."""
