"""Storage: pools, image stores, templates, disk offerings, volumes."""
