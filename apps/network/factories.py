"""Factories of networks and what they stand on: for tests and for the demo alike."""

import ipaddress

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from apps.accounts.factories import AccountFactory, root_domain
from apps.accounts.models import Account
from apps.network.models import (
    Network,
    NetworkOffering,
    NetworkOfferingService,
    NetworkRule,
    NetworkServiceProvider,
    PhysicalNetwork,
    PhysicalNetworkTrafficType,
    PublicIpAddress,
    VlanIpRange,
    VnetRange,
)
from apps.network.services.addresses import hold_service_address
from apps.network.services.addressing import dotted, parse_cidr
from apps.network.services.vnis import hold_vni
from apps.network.states import (
    AclType,
    GuestType,
    NetworkState,
    OfferingState,
    PhysicalNetworkState,
    ProviderState,
    PublicIpState,
    RuleState,
    TrafficType,
)
from cloudstack.contracts.network import RuleKind

ROUTER = "VirtualRouter"


class PhysicalNetworkFactory(DjangoModelFactory):
    """Enabled, with guest traffic over the link ``guest0``, numbers 5000-5999 and the virtual router enabled.

    ``vnis=(first, last)`` for other numbers: those of two physical networks of a zone must not overlap.
    """

    class Meta:
        model = PhysicalNetwork
        skip_postgeneration_save = True

    zone = factory.SubFactory("apps.infrastructure.factories.ZoneFactory")
    name = factory.Sequence(lambda n: f"physical-{n}")
    state = PhysicalNetworkState.ENABLED

    @factory.post_generation
    def vnis(self, create, extracted, **kwargs):
        first, last = extracted or (5000, 5999)
        VnetRange.objects.create(physical_network=self, start=first, end=last)

    @factory.post_generation
    def furnish(self, create, extracted, **kwargs):
        PhysicalNetworkTrafficType.objects.create(
            physical_network=self, traffic_type=TrafficType.GUEST, kvm_label="guest0"
        )
        NetworkServiceProvider.objects.create(physical_network=self, name=ROUTER, state=ProviderState.ENABLED)


class NetworkOfferingFactory(DjangoModelFactory):
    """Isolated with DHCP, DNS and user data by the virtual router; ``shared=True`` or ``l2=True`` for others."""

    class Meta:
        model = NetworkOffering
        skip_postgeneration_save = True

    class Params:
        shared = factory.Trait(guest_type=GuestType.SHARED, specify_vlan=True)
        l2 = factory.Trait(guest_type=GuestType.L2)

    name = factory.Sequence(lambda n: f"network-offering-{n}")
    display_text = factory.SelfAttribute("name")
    guest_type = GuestType.ISOLATED
    state = OfferingState.ENABLED

    @factory.post_generation
    def services(self, create, extracted, **kwargs):
        given = (
            extracted
            if extracted is not None
            else (() if self.guest_type == GuestType.L2 else ("Dhcp", "Dns", "UserData"))
        )
        for service in given:
            NetworkOfferingService.objects.create(offering=self, service=service, provider=ROUTER)


class NetworkFactory(DjangoModelFactory):
    """An isolated network 10.1.1.0/24 of a new account, not yet up; ``shared=True`` or ``l2=True`` for others."""

    class Meta:
        model = Network
        skip_postgeneration_save = True

    class Params:
        shared = factory.Trait(
            offering=factory.SubFactory(NetworkOfferingFactory, shared=True),
            state=NetworkState.SETUP,
            acl_type=AclType.DOMAIN,
            access_domain=factory.LazyFunction(root_domain),
            vni_is_fixed=True,
        )
        l2 = factory.Trait(offering=factory.SubFactory(NetworkOfferingFactory, l2=True), cidr="")

    name = factory.Sequence(lambda n: f"network-{n}")
    display_text = factory.SelfAttribute("name")
    account = factory.SubFactory(AccountFactory)
    domain = factory.SelfAttribute("account.domain")
    physical_network = factory.SubFactory(PhysicalNetworkFactory)
    zone = factory.SelfAttribute("physical_network.zone")
    offering = factory.SubFactory(NetworkOfferingFactory)
    guest_type = factory.SelfAttribute("offering.guest_type")
    cidr = "10.1.1.0/24"
    gateway = factory.LazyAttribute(
        lambda network: dotted(int(parse_cidr(network.cidr, "cidr").network_address) + 1) if network.cidr else ""
    )
    netmask = factory.LazyAttribute(
        lambda network: str(parse_cidr(network.cidr, "cidr").netmask) if network.cidr else ""
    )
    network_domain = "cloud.internal"

    @factory.post_generation
    def furnish(self, create, extracted, **kwargs):
        if self.guest_type == GuestType.SHARED:
            span = parse_cidr(self.cidr, "cidr")
            first, last = int(span.network_address) + 10, int(span.broadcast_address) - 1
            VlanIpRange.objects.create(
                network=self,
                physical_network=self.physical_network,
                start_ip=dotted(first),
                end_ip=dotted(last),
                start_number=first,
                end_number=last,
                gateway=self.gateway,
                netmask=self.netmask,
            )
            hold_vni(network=self)
        if self.cidr and self.offering.services.filter(service__in=("Dhcp", "Dns")).exists():
            self.dhcp_server = hold_service_address(network=self)
            self.save(update_fields=["dhcp_server"])


class PublicRangeFactory(DjangoModelFactory):
    """203.0.113.16-203.0.113.23 for everybody in the zone of ``physical_network``, which carries public traffic."""

    class Meta:
        model = VlanIpRange
        skip_postgeneration_save = True

    class Params:
        first = "203.0.113.16"
        size = 8

    physical_network = factory.SubFactory(PhysicalNetworkFactory)
    start_ip = factory.SelfAttribute("first")
    start_number = factory.LazyAttribute(lambda row: int(ipaddress.IPv4Address(row.first)))
    end_number = factory.LazyAttribute(lambda row: row.start_number + row.size - 1)
    end_ip = factory.LazyAttribute(lambda row: dotted(row.end_number))
    gateway = "203.0.113.1"
    netmask = "255.255.255.0"
    vlan = "vlan://untagged"

    @factory.post_generation
    def furnish(self, create, extracted, **kwargs):
        PhysicalNetworkTrafficType.objects.get_or_create(
            physical_network=self.physical_network, traffic_type=TrafficType.PUBLIC
        )
        for number in range(self.start_number, self.end_number + 1):
            PublicIpAddress.objects.create(
                ip_range=self, zone=self.physical_network.zone, number=number, address=dotted(number)
            )


def firewall_rule(account: Account) -> NetworkRule:
    """A rule in force on an address of ``account``."""
    return NetworkRule.objects.create(
        kind=RuleKind.FIREWALL,
        state=RuleState.ACTIVE,
        network=NetworkFactory(account=account),
        address=public_address(account),
        account=account,
        domain=account.domain,
        protocol="tcp",
    )


def public_address(account: Account) -> PublicIpAddress:
    """An address in the hands of ``account``, of a new zone; it is not counted."""
    address = PublicRangeFactory(size=1).addresses.get()
    PublicIpAddress.objects.filter(pk=address.pk).update(
        state=PublicIpState.ALLOCATED, account=account, domain=account.domain, allocated=timezone.now()
    )
    address.refresh_from_db()
    return address
