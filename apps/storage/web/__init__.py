"""Pages and endpoints of storage that are not commands."""
