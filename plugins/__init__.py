"""Plugins that come with the portal; each is a folder with a ``plugin.toml``."""
