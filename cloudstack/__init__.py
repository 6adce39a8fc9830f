"""CloudStack: composition root and kernel of the cloud management platform."""

__version__ = "0.1.0"
