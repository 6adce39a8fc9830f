"""Compute in the admin."""
