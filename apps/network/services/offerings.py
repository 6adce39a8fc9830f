"""Network offerings: the operators' catalogue."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import Domain
from apps.accounts.services.names import ensure_name
from apps.infrastructure.models import Zone
from apps.network import events
from apps.network.models import Network, NetworkOffering, NetworkOfferingService
from apps.network.states import GuestType, OfferingAvailability, OfferingState, TrafficType
from cloudstack.contracts.network import Service
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import network_element, network_elements
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish

DEFAULT_PROVIDER = "VirtualRouter"
"""Who gives a service that several can, where the offering does not say; clients of CloudStack leave it to that."""
SERVICES = {str(service).lower(): str(service) for service in Service}
CAPABILITIES: Mapping[str, tuple[tuple[str, str], ...]] = {
    Service.DHCP: (("DhcpAccrossMultipleSubnets", "false"),),
    Service.DNS: (("AllowDnsSuffixModification", "true"),),
}
"""What clients look for besides the mere service."""
WITHOUT_ADDRESSES = frozenset({str(Service.USER_DATA), str(Service.CONNECTIVITY)})
"""What an L2 network can have: all other services need addresses."""


class NetworkOfferingManager:
    """Creates, changes and deletes offerings."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        name: str,
        guest_type: str,
        display_text: str = "",
        traffic_type: str = TrafficType.GUEST,
        services: Iterable[str] = (),
        providers: Iterable[tuple[str, str]] = (),
        capabilities: Iterable[tuple[str, str, str]] = (),
        specify_vlan: bool = False,
        specify_ip_ranges: bool = False,
        conserve_mode: bool = True,
        is_persistent: bool = False,
        egress_default_policy: bool = True,
        availability: str = OfferingAvailability.OPTIONAL,
        network_rate: int | None = None,
        tags: str = "",
        domains: Iterable[Domain] = (),
        zones: Iterable[Zone] = (),
        enable: bool = False,
        is_default: bool = False,
    ) -> NetworkOffering:
        """An offering, ``Disabled`` unless ``enable``. ``providers`` are pairs (service, provider).

        ``capabilities`` are triples (service, ability, value) that the services must have, else it is refused.
        """
        if traffic_type != TrafficType.GUEST:
            raise InvalidParameter(
                f"traffictype {traffic_type} cannot be offered; only Guest networks are made from offerings",
                parameter="traffictype",
            )
        rows = service_rows(guest_type, services, providers)
        check_capabilities({service for service, _ in rows}, capabilities)
        if guest_type == GuestType.SHARED and is_persistent:
            raise InvalidParameter("a shared network always exists; leave ispersistent away", parameter="ispersistent")
        try:
            with transaction.atomic():
                offering = NetworkOffering.objects.create(
                    name=ensure_name(name, parameter="name", what="an offering's name"),
                    display_text=display_text or name,
                    guest_type=GuestType(guest_type),
                    specify_vlan=specify_vlan,
                    specify_ip_ranges=specify_ip_ranges,
                    conserve_mode=conserve_mode,
                    is_persistent=is_persistent,
                    egress_default_policy=egress_default_policy,
                    availability=OfferingAvailability(availability),
                    network_rate=network_rate,
                    tags=tags,
                    is_default=is_default,
                    state=OfferingState.ENABLED if enable else OfferingState.DISABLED,
                )
        except IntegrityError:
            raise InvalidParameter(f"there is a network offering named {name!r} already", parameter="name") from None
        NetworkOfferingService.objects.bulk_create(
            NetworkOfferingService(offering=offering, service=service, provider=provider) for service, provider in rows
        )
        offering.domains.set(domains)
        offering.zones.set(zones)
        publish(
            events.NETWORK_OFFERING_CREATE, caller=caller, resource=offering, description=f"network offering {name}"
        )
        return offering

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        offering: NetworkOffering,
        name: str | None = None,
        display_text: str | None = None,
        state: str | None = None,
        availability: str | None = None,
        sort_key: int | None = None,
        tags: str | None = None,
        domains: Iterable[Domain] | None = None,
        zones: Iterable[Zone] | None = None,
    ) -> NetworkOffering:
        """Change what is shown and who may use it. Services never change: networks were made from them."""
        changes: dict[str, Any] = {}
        if name is not None:
            changes["name"] = ensure_name(name, parameter="name", what="an offering's name")
        if state is not None:
            changes["state"] = OfferingState(state)
        if availability is not None:
            changes["availability"] = OfferingAvailability(availability)
        for field, value in (("display_text", display_text), ("sort_key", sort_key), ("tags", tags)):
            if value is not None:
                changes[field] = value
        try:
            with transaction.atomic():
                NetworkOffering.objects.filter(pk=offering.pk).update(**changes)
        except IntegrityError:
            raise InvalidParameter(f"there is a network offering named {name!r} already", parameter="name") from None
        if domains is not None:
            offering.domains.set(domains)
        if zones is not None:
            offering.zones.set(zones)
        offering.refresh_from_db()
        publish(
            events.NETWORK_OFFERING_EDIT,
            caller=caller,
            resource=offering,
            description=f"network offering {offering} changed",
        )
        return offering

    @transaction.atomic
    def delete(self, *, caller: Caller, offering: NetworkOffering) -> None:
        """Raises ``ResourceInUse`` while networks were made from it, and ``InvalidParameter`` for a default one."""
        if offering.is_default:
            raise InvalidParameter(
                f"network offering {offering} came with the installation; disable it instead", parameter="id"
            )
        # Waits for networks that are being made from it at this moment.
        NetworkOffering.objects.select_for_update().filter(pk=offering.pk).first()
        used = Network.objects.filter(offering=offering).count()
        if used:
            raise ResourceInUse(f"network offering {offering} has {used} networks; disable it instead of deleting it")
        offering.mark_removed()
        publish(
            events.NETWORK_OFFERING_DELETE,
            caller=caller,
            resource=offering,
            description=f"network offering {offering} deleted",
        )


def check_capabilities(services: Collection[str], wanted: Iterable[tuple[str, str, str]]) -> None:
    """Raises ``InvalidParameter`` unless the services have the abilities asked for; none can be chosen yet."""
    for name, ability, value in wanted:
        service = _service(name)
        if service not in services:
            raise InvalidParameter(
                f"servicecapabilitylist names {service}, which the offering does not have",
                parameter="servicecapabilitylist",
            )
        known = {kind.lower(): (kind, present) for kind, present in CAPABILITIES.get(service, ())}
        kind, present = known.get(ability.lower(), (ability, "none"))
        if value.lower() != present:
            abilities = ", ".join(f"{kind}={present}" for kind, present in known.values()) or "none"
            raise InvalidParameter(
                f"{service} cannot have {kind}={value}; its abilities are {abilities}",
                parameter="servicecapabilitylist",
            )


def service_rows(
    guest_type: str, services: Iterable[str], providers: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Checked pairs (service, provider), each service once. Raises ``InvalidParameter``.

    A service named without a provider is given by the only element that can, or by the default one.
    """
    wanted = list(dict.fromkeys(_service(name) for name in services))
    chosen: dict[str, str] = {}
    for name, provider in providers:
        service = _service(name)
        if chosen.setdefault(service, provider) != provider:
            raise InvalidParameter(f"service {service} is given two providers", parameter="serviceproviderlist")
    missing = [service for service in chosen if wanted and service not in wanted]
    if missing:
        raise InvalidParameter(
            f"serviceproviderlist names {missing[0]}, which supportedservices does not", parameter="serviceproviderlist"
        )
    rows = [(service, _provider(service, chosen.get(service))) for service in wanted or chosen]
    if guest_type == GuestType.L2:
        for service, _ in rows:
            if service not in WITHOUT_ADDRESSES:
                raise InvalidParameter(f"an L2 network cannot have {service}", parameter="supportedservices")
    return rows


def _service(name: str) -> str:
    try:
        return SERVICES[name.strip().lower()]
    except KeyError:
        known = ", ".join(SERVICES.values())
        raise InvalidParameter(
            f"there is no network service {name!r}; there are {known}", parameter="supportedservices"
        ) from None


def _provider(service: str, name: str | None) -> str:
    able = [one for one in network_elements() if service in {str(given) for given in network_element(one).services}]
    if name is None and len(able) == 1:
        return able[0]
    if name is None and DEFAULT_PROVIDER in able:
        return DEFAULT_PROVIDER
    if name not in able:
        what = f"{name} does not give {service}" if name else f"service {service} needs a provider"
        raise InvalidParameter(f"{what}; it is given by {', '.join(able) or 'nobody'}", parameter="serviceproviderlist")
    return name
