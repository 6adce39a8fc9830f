"""Operator settings of the network app."""

from cloudstack.framework.configuration import ConfigKey, Scope

NETWORK_GC_INTERVAL = ConfigKey(
    "network.gc.interval",
    int,
    600,
    minimum=1,
    description="Seconds between two looks for networks and bridges that nobody uses any more.",
    category="Network",
)
NETWORK_GC_WAIT = ConfigKey(
    "network.gc.wait",
    int,
    600,
    minimum=0,
    description="Seconds that a network or bridge must have been out of use before it is taken down.",
    category="Network",
)
GUEST_DOMAIN_SUFFIX = ConfigKey(
    "guest.domain.suffix",
    str,
    "cloud.internal",
    scope=Scope.ZONE,
    description="DNS suffix of guests whose network, account, domain and zone name none.",
    category="Network",
)
GUEST_CIDR = ConfigKey(
    "guest.cidr.default",
    str,
    "10.1.1.0/24",
    scope=Scope.ZONE,
    description="Addresses of an isolated network that was created without any, where the zone names none.",
    category="Network",
)
GUEST_MTU = ConfigKey(
    "network.guest.mtu",
    int,
    1450,
    scope=Scope.ZONE,
    minimum=576,
    maximum=9000,
    description="Largest packet, in bytes, in guest networks; VXLAN itself needs 50 bytes of what the links carry.",
    category="Network",
)
USE_SYSTEM_GUEST_VLANS = ConfigKey(
    "use.system.guest.vlans",
    bool,
    True,
    scope=Scope.ACCOUNT,
    description="Whether an account's networks get common numbers when those that are kept for it are used up.",
    category="Network",
)
USE_SYSTEM_PUBLIC_IPS = ConfigKey(
    "use.system.public.ips",
    bool,
    True,
    scope=Scope.ACCOUNT,
    description="Whether an account for which public ranges are kept gets addresses of common ranges, too.",
    category="Network",
)
