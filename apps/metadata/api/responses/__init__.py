"""Responses of the metadata app."""
