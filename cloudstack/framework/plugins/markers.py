"""The two marks of pluggy under our project name."""

import pluggy

PROJECT = "cloudstack"
API_VERSION = 1
"""Version of the plugin interface; a plugin made for another one is refused with a sentence."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
