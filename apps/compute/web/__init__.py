"""The users' pages about machines."""
