"""Plugins that give users something new."""
