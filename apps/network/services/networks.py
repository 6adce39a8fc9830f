"""Guest networks: intent. Their life on hosts is the workflows' business."""

from typing import Any

from django.db import transaction

from apps.accounts.models import Account, Domain, ResourceType
from apps.accounts.services.limits import LimitManager
from apps.accounts.services.names import ensure_name
from apps.infrastructure.models import Zone
from apps.network import events
from apps.network.models import MacAllocation, Network, NetworkOffering, PhysicalNetwork, VlanIpRange
from apps.network.services.addresses import hold_service_address
from apps.network.services.addressing import dotted
from apps.network.services.elements import gives, services_of
from apps.network.services.network_access import NetworkAccess, resolve_access
from apps.network.services.network_plan import (
    AddressPlan,
    check_providers,
    choose_physical_network,
    plan_addresses,
    plan_dns,
    plan_domain,
    plan_guest_cidr,
    plan_mtu,
)
from apps.network.services.rules import ensure_rules_stay
from apps.network.services.vnis import hold_vni, parse_vlan
from apps.network.states import GuestType, NetworkState, OfferingState
from cloudstack.contracts.network import Service
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch


class NetworkManager:
    """Creates, changes and deletes guest networks."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        zone: Zone,
        offering: NetworkOffering,
        name: str,
        display_text: str = "",
        account_name: str | None = None,
        domain: Domain | None = None,
        project: object = None,
        acl_type: str | None = None,
        subdomain_access: bool | None = None,
        physical_network: PhysicalNetwork | None = None,
        gateway: str = "",
        netmask: str = "",
        start_ip: str = "",
        end_ip: str = "",
        server_ip: str = "",
        vlan: str = "",
        network_domain: str | None = None,
        dns1: str | None = None,
        dns2: str | None = None,
        mtu: int | None = None,
        display_network: bool = True,
        external_id: str = "",
    ) -> Network:
        """A network ``Allocated``, or ``Setup`` when it is shared; hosts hear of it with the first guest.

        ``server_ip`` is the address of a shared network's own DHCP and DNS server. Raises
        ``InvalidParameter``, ``PermissionDenied``, ``LimitExceeded``, and what runs out or is in use.
        """
        name = ensure_name(name, parameter="name", what="a network's name")
        self._check_offering(caller, offering, zone)
        access = resolve_access(
            caller=caller,
            guest_type=offering.guest_type,
            acl_type=acl_type,
            account_name=account_name,
            domain=domain,
            project=project,
            subdomain_access=subdomain_access,
        )
        vni = self._requested_vni(caller, offering, vlan)
        physical = choose_physical_network(zone=zone, offering=offering, wanted=physical_network)
        check_providers(offering=offering, physical_network=physical)
        addresses = plan_addresses(
            offering=offering, zone=zone, gateway=gateway, netmask=netmask, start_ip=start_ip, end_ip=end_ip
        )
        first_dns, second_dns = plan_dns(dns1, dns2)
        suffixes = (access.owner.network_domain, (access.domain or access.owner.domain).network_domain)
        if counts_against_limits(offering.guest_type):
            LimitManager().reserve(access.owner, {ResourceType.NETWORK: 1})
        network = Network.objects.create(
            name=name,
            display_text=display_text or name,
            account=access.owner,
            domain=access.owner.domain,
            zone=zone,
            physical_network=physical,
            offering=offering,
            guest_type=offering.guest_type,
            state=NetworkState.SETUP if offering.guest_type == GuestType.SHARED else NetworkState.ALLOCATED,
            cidr=addresses.cidr,
            gateway=addresses.gateway,
            netmask=addresses.netmask,
            dns1=first_dns,
            dns2=second_dns,
            network_domain=plan_domain(zone=zone, owner_domains=suffixes, given=network_domain),
            mtu=plan_mtu(caller=caller, zone=zone, given=mtu),
            display_network=display_network,
            external_id=external_id,
            vni_is_fixed=vni is not None or offering.guest_type == GuestType.SHARED,
            **_circle(access),
        )
        self._furnish(network, addresses, vni=vni, server_ip=server_ip)
        publish(events.NETWORK_CREATE, caller=caller, resource=network, description=f"network {name} created")
        if offering.is_persistent:
            self._submit("network.network.implement", "", caller, network, f"bringing up network {network}")
        return network

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        network: Network,
        name: str | None = None,
        display_text: str | None = None,
        network_domain: str | None = None,
        dns1: str | None = None,
        dns2: str | None = None,
        mtu: int | None = None,
        display_network: bool | None = None,
        offering: NetworkOffering | None = None,
        guest_vm_cidr: str | None = None,
    ) -> AsyncJob:
        """Change a network; the job tells its services. Until it has, the network shows ``restartrequired``."""
        changes: dict[str, Any] = {}
        if name is not None:
            changes["name"] = ensure_name(name, parameter="name", what="a network's name")
        if display_text is not None:
            changes["display_text"] = display_text
        if display_network is not None:
            changes["display_network"] = display_network
        if guest_vm_cidr is not None:
            # Whoever is taking an address at this moment is waited for.
            Network.objects.select_for_update(of=("self",)).get(pk=network.pk)
            changes["guest_vm_cidr"] = plan_guest_cidr(network, guest_vm_cidr)
        felt: dict[str, Any] = {}
        if network_domain is not None:
            felt["network_domain"] = plan_domain(zone=network.zone, owner_domains=(), given=network_domain)
        if dns1 is not None or dns2 is not None:
            first, second = plan_dns(network.dns1 if dns1 is None else dns1, network.dns2 if dns2 is None else dns2)
            felt |= {"dns1": first, "dns2": second}
        if mtu is not None:
            felt["mtu"] = plan_mtu(caller=caller, zone=network.zone, given=mtu)
        if offering is not None and offering.pk != network.offering_id:
            felt |= self._change_offering(caller, network, offering)
        changes |= felt
        if felt:
            changes["restart_required"] = True
        self._write(network, **changes)
        what = ", ".join(sorted(changes)) or "nothing"
        return self._submit(
            "network.network.update", events.NETWORK_UPDATE, caller, network, f"updating {what} of network {network}"
        )

    @transaction.atomic
    def delete(self, *, caller: Caller, network: Network) -> AsyncJob:
        """Have a network taken down and deleted. Raises ``ResourceInUse`` while a machine has a card in it."""
        ensure_unused(network)
        return self._submit(
            "network.network.delete", events.NETWORK_DELETE, caller, network, f"deleting network {network}"
        )

    @transaction.atomic
    def restart(self, *, caller: Caller, network: Network, cleanup: bool = False) -> AsyncJob:
        """Bring the services up anew; guests keep their segment. With ``cleanup`` they are taken down before."""
        if network.state not in (NetworkState.IMPLEMENTED, NetworkState.SETUP):
            raise InvalidParameter(
                f"network {network} is {network.state} and has nothing to restart; it must be Implemented or Setup",
                parameter="id",
            )
        return self._submit(
            "network.network.restart",
            events.NETWORK_RESTART,
            caller,
            network,
            f"restarting network {network}",
            cleanup=bool(cleanup),
        )

    def _submit(
        self, workflow: str, event: str, caller: Caller, network: Network, text: str, **arguments: Any
    ) -> AsyncJob:
        return dispatch(
            workflow,
            caller=caller,
            exclusive=[f"network:{network.uuid}"],
            resource=network,
            arguments={"network_uuid": str(network.uuid), **arguments},
            description=text,
            event_type=event,
        )

    def _check_offering(self, caller: Caller, offering: NetworkOffering, zone: Zone) -> None:
        if offering.state != OfferingState.ENABLED:
            raise InvalidParameter(f"network offering {offering} is not enabled", parameter="networkofferingid")
        zones = set(offering.zones.values_list("pk", flat=True))
        if zones and zone.pk not in zones:
            raise InvalidParameter(f"network offering {offering} is not for zone {zone}", parameter="networkofferingid")

    def _requested_vni(self, caller: Caller, offering: NetworkOffering, vlan: str) -> int | None:
        if not vlan:
            return None
        if not caller.is_root_admin:
            raise PermissionDenied("Only root administrators choose a network's vlan", parameter="vlan")
        if not offering.specify_vlan:
            raise InvalidParameter(f"offering {offering} lets nobody choose the vlan; leave it away", parameter="vlan")
        return parse_vlan(vlan)

    def _furnish(self, network: Network, addresses: AddressPlan, *, vni: int | None, server_ip: str) -> None:
        """What hangs on a new network: its number where that is fixed, its range, its server's address."""
        if network.vni_is_fixed:
            hold_vni(network=network, requested=vni)
        if addresses.span is not None:
            VlanIpRange.objects.create(
                network=network,
                physical_network=network.physical_network,
                start_ip=dotted(addresses.span.first),
                end_ip=dotted(addresses.span.last),
                start_number=addresses.span.first,
                end_number=addresses.span.last,
                gateway=addresses.gateway,
                netmask=addresses.netmask,
                vlan=network.broadcast_uri,
            )
        if addresses.cidr and gives(network.offering, Service.DHCP, Service.DNS):
            self._write(network, dhcp_server=hold_service_address(network=network, requested=server_ip))

    def _change_offering(self, caller: Caller, network: Network, offering: NetworkOffering) -> dict[str, Any]:
        self._check_offering(caller, offering, network.zone)
        if offering.guest_type != network.guest_type or offering.specify_vlan != network.offering.specify_vlan:
            raise InvalidParameter(
                f"offering {offering} makes another kind of network than {network.offering}",
                parameter="networkofferingid",
            )
        check_providers(offering=offering, physical_network=network.physical_network)
        ensure_rules_stay(network, {service for services in services_of(offering).values() for service in services})
        serves = gives(offering, Service.DHCP, Service.DNS) and bool(network.cidr)
        other = _differences(network.offering, offering)
        if other and (network.state == NetworkState.IMPLEMENTED or network.services_up):
            raise InvalidParameter(
                f"offering {offering} {other}, and network {network} is up: stop its machines and wait until it is "
                "shut down",
                parameter="networkofferingid",
            )
        changes: dict[str, Any] = {"offering": offering}
        if serves and not network.dhcp_server:
            changes["dhcp_server"] = hold_service_address(network=network)
        elif not serves and network.dhcp_server:
            network.ip_allocations.filter(holder_uuid=network.uuid).delete()
            changes["dhcp_server"] = ""
        return changes

    def _write(self, network: Network, **changes: Any) -> None:
        if changes:
            Network.objects.filter(pk=network.pk).update(**changes)
        for field, value in changes.items():
            setattr(network, field, value)


def _differences(old: NetworkOffering, new: NetworkOffering) -> str:
    """What a network would have to be taken down for, in words; empty when nothing."""
    before, after = (
        {(provider, service) for provider, services in services_of(offering).items() for service in services}
        for offering in (old, new)
    )
    lacks = ", ".join(f"{service} by {provider}" for provider, service in sorted(before - after))
    adds = ", ".join(f"{service} by {provider}" for provider, service in sorted(after - before))
    return " and ".join(part for part in (f"lacks {lacks}" if lacks else "", f"adds {adds}" if adds else "") if part)


def counts_against_limits(guest_type: str) -> bool:
    """Shared networks are the operator's; all others count for the account that owns them."""
    return guest_type != GuestType.SHARED


def release_limits(*, network: Network, account: Account) -> None:
    """Give back what ``create`` took. For the transaction in which the network goes."""
    if counts_against_limits(network.guest_type):
        LimitManager().release(account, {ResourceType.NETWORK: 1})


def ensure_unused(network: Network) -> None:
    """Raises ``ResourceInUse`` while a card of any machine, running or not, is in ``network``."""
    cards = MacAllocation.objects.filter(network=network).count()
    if cards:
        raise ResourceInUse(
            f"network {network} has {cards} card{'s' if cards > 1 else ''} of machines in it: "
            "remove the cards or expunge the machines first",
            uuids=((str(network.uuid), "network"),),
        )


def _circle(access: NetworkAccess) -> dict[str, Any]:
    return {
        "acl_type": access.acl_type,
        "access_domain": access.domain,
        "subdomain_access": access.subdomains,
    }
