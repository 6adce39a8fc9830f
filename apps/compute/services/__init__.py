"""Managers of the compute app: intent, one transaction each."""
