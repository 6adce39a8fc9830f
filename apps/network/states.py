"""Choices and transition tables of the network app: data, no behaviour."""

from django.db import models


class NetworkState(models.TextChoices):
    """Life of a guest network. ``Setup`` is the lasting state of networks that always exist (shared ones)."""

    ALLOCATED = "Allocated"
    IMPLEMENTING = "Implementing"
    IMPLEMENTED = "Implemented"
    SHUTDOWN = "Shutdown"
    SETUP = "Setup"
    DESTROY = "Destroy"


NETWORK_TRANSITIONS = {
    (NetworkState.ALLOCATED, "implement"): NetworkState.IMPLEMENTING,
    # A network that could not be taken down cleanly may be brought up again: every element verb is idempotent.
    (NetworkState.SHUTDOWN, "implement"): NetworkState.IMPLEMENTING,
    (NetworkState.IMPLEMENTING, "implemented"): NetworkState.IMPLEMENTED,
    (NetworkState.IMPLEMENTING, "failed"): NetworkState.SHUTDOWN,
    (NetworkState.IMPLEMENTED, "shutdown"): NetworkState.SHUTDOWN,
    (NetworkState.SHUTDOWN, "released"): NetworkState.ALLOCATED,
    (NetworkState.ALLOCATED, "destroy"): NetworkState.DESTROY,
    (NetworkState.SHUTDOWN, "destroy"): NetworkState.DESTROY,
    (NetworkState.SETUP, "destroy"): NetworkState.DESTROY,
}

NETWORK_TRANSITIONAL = frozenset({NetworkState.IMPLEMENTING, NetworkState.SHUTDOWN})

NETWORK_USABLE = frozenset(
    {
        NetworkState.ALLOCATED,
        NetworkState.IMPLEMENTING,
        NetworkState.IMPLEMENTED,
        NetworkState.SHUTDOWN,
        NetworkState.SETUP,
    }
)
"""States in which a network can be given to a machine: all but ``Destroy``."""


class GuestType(models.TextChoices):
    """Whose network it is, and who gives its addresses."""

    ISOLATED = "Isolated"
    SHARED = "Shared"
    L2 = "L2"


class AclType(models.TextChoices):
    """Who may use a network: one account, or everybody in a domain."""

    ACCOUNT = "Account"
    DOMAIN = "Domain"


class TrafficType(models.TextChoices):
    """What a physical network carries."""

    GUEST = "Guest"
    PUBLIC = "Public"
    MANAGEMENT = "Management"
    STORAGE = "Storage"


class IsolationMethod(models.TextChoices):
    """How guest networks on one physical network are kept apart."""

    VXLAN = "VXLAN"


class PhysicalNetworkState(models.TextChoices):
    """Whether new guest networks may be placed there."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class ProviderState(models.TextChoices):
    """Whether a provider gives its services on a physical network."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    SHUTDOWN = "Shutdown"


class OfferingState(models.TextChoices):
    """Whether networks can be made from an offering."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class OfferingAvailability(models.TextChoices):
    """CloudStack's hint to user interfaces: offered, needed in each zone, or hidden."""

    OPTIONAL = "Optional"
    REQUIRED = "Required"
    UNAVAILABLE = "Unavailable"


class IpPurpose(models.TextChoices):
    """What an address of a guest network is held for."""

    NIC = "nic", "address of a card"
    SECONDARY = "secondary", "further address of a card"
    SERVICE = "service", "the network's own DHCP and DNS server"


class IpState(models.TextChoices):
    """CloudStack's words for an address; a free one has no row."""

    ALLOCATED = "Allocated"
    RESERVED = "Reserved"


class PublicIpState(models.TextChoices):
    """Life of a public address. A reserved one is kept for an account that has not acquired it yet."""

    FREE = "Free"
    RESERVED = "Reserved"
    ALLOCATING = "Allocating"
    ALLOCATED = "Allocated"
    RELEASING = "Releasing"


PUBLIC_IP_TRANSITIONS = {
    (PublicIpState.FREE, "reserve"): PublicIpState.RESERVED,
    (PublicIpState.FREE, "acquire"): PublicIpState.ALLOCATING,
    (PublicIpState.RESERVED, "acquire"): PublicIpState.ALLOCATING,
    (PublicIpState.ALLOCATING, "acquired"): PublicIpState.ALLOCATED,
    (PublicIpState.ALLOCATED, "release"): PublicIpState.RELEASING,
    (PublicIpState.RELEASING, "keep"): PublicIpState.ALLOCATED,
}

PUBLIC_IP_TRANSITIONAL = frozenset({PublicIpState.ALLOCATING, PublicIpState.RELEASING})

PUBLIC_IP_HELD = frozenset(
    {PublicIpState.RESERVED, PublicIpState.ALLOCATING, PublicIpState.ALLOCATED, PublicIpState.RELEASING}
)
"""States in which the address counts for its account."""


class RuleState(models.TextChoices):
    """Life of a rule, in CloudStack's words: being added, in force, being taken away."""

    ADD = "Add"
    ACTIVE = "Active"
    REVOKE = "Revoke"


RULE_TRANSITIONS = {
    (RuleState.ADD, "added"): RuleState.ACTIVE,
    (RuleState.ACTIVE, "revoke"): RuleState.REVOKE,
    (RuleState.REVOKE, "keep"): RuleState.ACTIVE,
}

RULE_TRANSITIONAL = frozenset({RuleState.ADD, RuleState.REVOKE})
