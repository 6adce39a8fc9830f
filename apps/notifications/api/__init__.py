"""The app at the doors."""
