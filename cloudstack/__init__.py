"""CloudStack: composition root and kernel of the cloud management platform."""

__version__ = "0.1.0"
API_VERSION = "4.22.0.0"
"""Version of CloudStack's command API that clients may count on."""
