"""Execution: what the jobs of the accounts app do."""
