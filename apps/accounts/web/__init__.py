"""The users' pages about projects."""
