"""The first filling of a cloud."""
