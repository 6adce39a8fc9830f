"""What this plugin gives to the portal."""

from typing import Any

from cloudstack.plugin import hookimpl


@hookimpl
def register_network_elements() -> dict[str, Any]:
    from plugins.network.virtual_router.element import VirtualRouter
    from plugins.network.virtual_router.vxlan import VxlanSegment

    return {"VirtualRouter": VirtualRouter, "VXLAN": VxlanSegment}
