"""Managers: intent. Short, one transaction each, no driver."""
