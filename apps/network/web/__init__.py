"""The users' pages about networks."""
