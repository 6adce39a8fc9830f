"""Responses of the compute app."""
