"""Requests that no command can carry out, made from the declarations of the commands: see ``requests``."""
