"""The accounts app at the command API."""
