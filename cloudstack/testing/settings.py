"""Operator settings in tests."""

from cloudstack.framework.configuration import store


def forget_settings() -> None:
    """Have the settings read again: those of another test are gone with its database."""
    store.forget()
