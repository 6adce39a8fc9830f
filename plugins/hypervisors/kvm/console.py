"""Where libvirt shows the screen of a machine, and how the portal gets there."""

import ipaddress
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

import libvirt

from cloudstack.contracts.console import ConsoleFacts, ConsoleKind
from cloudstack.contracts.errors import NotFound, NotSupported
from cloudstack.contracts.host import HostRef
from plugins.hypervisors.kvm.options import HostOptions
from plugins.hypervisors.kvm.parsing import parse


def facts(domain: libvirt.virDomain, host: HostRef) -> ConsoleFacts:
    """The VNC server of a running machine, with its password."""
    # Only so does libvirt show the password.
    definition = parse(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE))
    graphics = definition.find("devices/graphics[@type='vnc']")
    if graphics is None:
        raise NotSupported(f"{host.name}: {domain.name()} was started without a VNC server; stop it and start it")
    port = int(graphics.get("port", "-1"))
    if port <= 0:
        raise NotFound(f"{host.name}: the VNC server of {domain.name()} has no port yet")
    where = reachable_address(_listens_at(graphics), host)
    return ConsoleFacts(kind=ConsoleKind.VNC, host=where, port=port, password=graphics.get("passwd", ""))


def _listens_at(graphics: ET.Element) -> str:
    listen = graphics.find("listen[@type='address']")
    found = listen.get("address", "") if listen is not None else ""
    return found or graphics.get("listen", "")


def reachable_address(listens_at: str, host: HostRef) -> str:
    """The address for the portal to connect to when the server listens at ``listens_at``.

    Raises ``NotSupported`` when it listens on a loopback that is not the portal's own, or when nobody told the address
    of a host whose consoles listen everywhere.
    """
    wanted = HostOptions.from_details(host.details).console_address
    if wanted:
        return wanted
    name = urlsplit(host.url).hostname or ""
    is_here = not name or name == "localhost"
    try:
        address = ipaddress.ip_address(listens_at or "127.0.0.1")
    except ValueError:
        return listens_at  # a name: the operator's own choice
    if address.is_loopback and not is_here:
        raise NotSupported(
            f"the consoles of {host.name} listen on {address} only, where the portal cannot reach them: set the host "
            "detail vnc_listen to the host's address in the management network, then stop and start the machine"
        )
    if not address.is_unspecified:
        return str(address)
    return host.address or name or "127.0.0.1"
