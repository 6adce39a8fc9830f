"""The event bus. ``publish`` lives in :mod:`cloudstack.framework.events.bus`, types in ``types``."""
