"""The infrastructure as the API shows it."""
