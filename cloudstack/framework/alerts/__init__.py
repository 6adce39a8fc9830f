"""Alerts: what an operator has to look at."""
