"""The API of compute."""
