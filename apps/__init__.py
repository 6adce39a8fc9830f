"""The domain apps: what a cloud is made of."""
