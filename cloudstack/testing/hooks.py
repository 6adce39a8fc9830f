"""Hooks asked in tests as the platform asks them."""

from typing import Any

from cloudstack.framework.plugins.manager import pm


def asked(hook: str, **facts: Any) -> list[Any]:
    """What the plugins in service answer to ``hook`` that is not None; raises what one of them raises."""
    return pm.answers(hook, **facts)
