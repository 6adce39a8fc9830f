"""Managers of the infrastructure: intent, one transaction each."""
