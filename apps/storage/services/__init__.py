"""Managers of storage: intent, one transaction each."""
