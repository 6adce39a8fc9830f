"""Intent, and the delivery of what is due."""
