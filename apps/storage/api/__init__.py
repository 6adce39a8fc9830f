"""Commands and responses of storage."""
