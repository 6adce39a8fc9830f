"""Execution: one verb a file, a list of steps."""
