"""Responses of the portal app."""
