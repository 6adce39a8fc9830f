"""CloudStack: composition root and kernel of the cloud management platform."""
