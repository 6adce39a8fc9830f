"""Event types, declared once by the app that publishes them."""

from cloudstack.framework.errors import InternalError

_types: dict[str, str] = {}


def event_type(name: str, description: str) -> str:
    """Declare the event type ``name`` and answer it; a second declaration must say the same."""
    if _types.setdefault(name, description) != description:
        raise InternalError(f"event type {name} is declared twice with different descriptions")
    return name


def event_types() -> dict[str, str]:
    """All declared types with what they mean."""
    return dict(sorted(_types.items()))
