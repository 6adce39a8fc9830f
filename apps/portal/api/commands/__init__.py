"""Commands of the portal app."""
