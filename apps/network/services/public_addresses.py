"""Public addresses: acquired, reserved, given back. Nothing leads to them yet: no element gives NAT."""

from django.db import transaction
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from apps.accounts.models import Account, Domain, ResourceType
from apps.accounts.services.limits import LimitManager
from apps.accounts.services.ownership import resolve_owner
from apps.infrastructure.models import Zone
from apps.network import events
from apps.network.config import USE_SYSTEM_PUBLIC_IPS
from apps.network.models import Network, NetworkRule, PublicIpAddress, VlanIpRange
from apps.network.selectors import open_public_ranges
from apps.network.services.addressing import parse_address
from apps.network.services.rules import revoke_all, rules_lock
from apps.network.states import (
    PUBLIC_IP_TRANSITIONAL,
    PUBLIC_IP_TRANSITIONS,
    GuestType,
    NetworkState,
    PublicIpState,
)
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InsufficientAddressCapacity, InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.fsm import StateMachine
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.transactions import joined

PUBLIC_IP_FSM = StateMachine(PUBLIC_IP_TRANSITIONS, transitional=PUBLIC_IP_TRANSITIONAL)


class PublicIpManager:
    """Gives accounts public addresses of a zone. Whoever locks both takes limits before addresses."""

    @transaction.atomic
    def associate(
        self,
        *,
        caller: Caller,
        zone: Zone | None = None,
        network: Network | None = None,
        account_name: str | None = None,
        domain: Domain | None = None,
        project: object = None,
        requested: str = "",
        for_display: bool = True,
    ) -> tuple[PublicIpAddress, AsyncJob]:
        """An address of ``zone``, or of the zone of ``network`` and for it: ``requested``, or any that is free.

        Raises ``InvalidParameter``, ``LimitExceeded``, ``ResourceInUse`` and ``InsufficientAddressCapacity``.
        """
        if network is not None:
            self._check_network(network, zone)
            zone = network.zone
        if zone is None:
            raise InvalidParameter("name the zone or the network that the address is for", parameter="zoneid")
        owner = self._owner(caller, network, account_name, domain, project)
        wish = str(parse_address(requested, "ipaddress")) if requested else ""
        address = self._reserved(owner, zone, wish)
        if address is None:
            LimitManager().reserve(owner, {ResourceType.PUBLIC_IP: 1})
            address = self._choose(owner, zone, wish)
        PUBLIC_IP_FSM.fire(
            address,
            "acquire",
            account=owner,
            domain=owner.domain,
            network=network,
            allocated=timezone.now(),
            for_display=for_display,
        )
        return address, self._submit("network.address.associate", events.NET_IP_ASSIGN, caller, address, "acquiring")

    @transaction.atomic
    def disassociate(self, *, caller: Caller, address: PublicIpAddress) -> AsyncJob:
        """Have an address given back. Raises ``InvalidParameter`` for one that is not ``Allocated``."""
        if address.state == PublicIpState.RESERVED:
            raise InvalidParameter(
                f"address {address} is only reserved; give it back with releaseIpAddress", parameter="id"
            )
        PUBLIC_IP_FSM.fire(address, "release")
        # Their job is before the address's in the line for the lock of the network's rules.
        revoke_all(NetworkRule.objects.filter(address=address), caller=caller)
        return self._submit("network.address.disassociate", events.NET_IP_RELEASE, caller, address, "giving back")

    @transaction.atomic
    def reserve(
        self,
        *,
        caller: Caller,
        address: PublicIpAddress,
        account_name: str | None = None,
        domain: Domain | None = None,
        project: object = None,
        for_display: bool = True,
    ) -> PublicIpAddress:
        """Keep a free address for an account, which it counts for from now on."""
        owner = resolve_owner(caller, account_name, domain, project=project)
        if address.state != PublicIpState.FREE:
            raise ResourceInUse(f"address {address} is {address.state}; only a free one can be reserved")
        if not _open_to(owner).filter(pk=address.ip_range_id).exists():
            raise InvalidParameter(f"address {address} is kept for others than account {owner}", parameter="id")
        LimitManager().reserve(owner, {ResourceType.PUBLIC_IP: 1})
        PUBLIC_IP_FSM.fire(
            address,
            "reserve",
            account=owner,
            domain=owner.domain,
            allocated=timezone.now(),
            for_display=for_display,
        )
        publish(
            events.NET_IP_RESERVE,
            caller=caller,
            resource=address,
            description=f"address {address} reserved for account {owner}",
        )
        return address

    @transaction.atomic
    def release_reserved(self, *, caller: Caller, address: PublicIpAddress) -> None:
        """Give back an address that was reserved and not acquired."""
        if address.state != PublicIpState.RESERVED:
            raise InvalidParameter(
                f"address {address} is {address.state}, not Reserved; give it back with disassociateIpAddress",
                parameter="id",
            )
        if give_back(address):
            publish(events.NET_IP_RELEASE, caller=caller, resource=address, description=f"address {address} given back")

    @transaction.atomic
    def update(self, *, caller: Caller, address: PublicIpAddress, for_display: bool | None = None) -> AsyncJob:
        """Have the job show an address to ordinary users, or hide it from them."""
        return self._submit(
            "network.address.update", events.NET_IP_UPDATE, caller, address, "updating", for_display=for_display
        )

    def _check_network(self, network: Network, zone: Zone | None) -> None:
        if zone is not None and zone.pk != network.zone_id:
            raise InvalidParameter(f"network {network} is in zone {network.zone}, not {zone}", parameter="zoneid")
        if network.guest_type != GuestType.ISOLATED:
            raise InvalidParameter(
                f"network {network} is {network.guest_type}; public addresses are for isolated networks",
                parameter="networkid",
            )
        # A deletion waits for this transaction, or has committed by now.
        row = Network.objects.select_for_update(of=("self",), no_key=True).filter(pk=network.pk).first()
        if row is None or row.state == NetworkState.DESTROY:
            raise InvalidParameter(f"network {network} is being deleted", parameter="networkid")

    def _owner(
        self,
        caller: Caller,
        network: Network | None,
        account_name: str | None,
        domain: Domain | None,
        project: object,
    ) -> Account:
        if network is None:
            return resolve_owner(caller, account_name, domain, project=project)
        of_network = Account.objects.select_related("domain").get(pk=network.account_id)
        if account_name or project:
            named = resolve_owner(caller, account_name, domain, project=project)
            if named.pk != of_network.pk:
                raise InvalidParameter(
                    f"network {network} belongs to account {of_network}, not to {named}", parameter="account"
                )
        return of_network

    def _reserved(self, owner: Account, zone: Zone, wish: str) -> PublicIpAddress | None:
        """The address asked for, when it is reserved for ``owner``: it counts for it already."""
        if not wish:
            return None
        return PublicIpAddress.objects.filter(
            zone=zone, address=wish, state=PublicIpState.RESERVED, account=owner
        ).first()

    def _choose(self, owner: Account, zone: Zone, wish: str) -> PublicIpAddress:
        """A free address that ``owner`` may have, locked: those kept for the account come first, then its domains'."""
        within = _open_to(owner).values("pk")
        rows = PublicIpAddress.objects.filter(zone=zone, ip_range__in=within)
        if wish:
            row = rows.filter(address=wish).select_for_update(of=("self",)).first()
            if row is None:
                raise InvalidParameter(
                    f"zone {zone} has no public address {wish} for account {owner}", parameter="ipaddress"
                )
            if row.state != PublicIpState.FREE:
                raise ResourceInUse(f"public address {wish} is in use; ask for another one, or for none")
            return row
        free = (
            rows.filter(state=PublicIpState.FREE)
            .annotate(
                distance=Case(
                    When(ip_range__dedicated_account=owner.pk, then=Value(0)),
                    When(ip_range__dedicated_domain__isnull=False, then=Value(1)),
                    default=Value(2),
                    output_field=IntegerField(),
                )
            )
            .order_by("distance", "number")
        )
        # Addresses that others are taking are passed by, and waited for only when there is no other.
        row = free.select_for_update(of=("self",), skip_locked=True).first()
        row = row or free.select_for_update(of=("self",)).first()
        if row is None:
            raise InsufficientAddressCapacity(
                f"zone {zone} has no free public address for account {owner}; an operator adds some with "
                "createVlanIpRange",
                uuids=((str(zone.uuid), "zone"),),
            )
        return row

    def _submit(
        self, workflow: str, event: str, caller: Caller, address: PublicIpAddress, verb: str, **arguments: object
    ) -> AsyncJob:
        network = address.network
        return dispatch(
            workflow,
            caller=caller,
            exclusive=[f"address:{address.uuid}", *([rules_lock(network)] if network is not None else [])],
            shared=[f"network:{network.uuid}"] if network is not None else [],
            resource=address,
            arguments={"address_uuid": str(address.uuid), **arguments},
            description=f"{verb} public address {address}",
            event_type=event,
        )


def _open_to(owner: Account) -> QuerySet[VlanIpRange]:
    common = bool(USE_SYSTEM_PUBLIC_IPS.value(owner.uuid))
    return open_public_ranges(account_id=owner.pk, domain_path=owner.domain.path, common=common)


def give_back(address: PublicIpAddress) -> bool:
    """Close the row of ``address`` and put a fresh, free one in its place; False when that is done already."""
    with joined():
        live = PublicIpAddress.objects.select_related("account__domain").filter(pk=address.pk)
        held = live.first()
        if held is None or held.account is None:
            return False
        LimitManager().release(held.account, {ResourceType.PUBLIC_IP: 1})
        if not held.mark_removed():
            raise ResourceInUse(f"address {address} is being given back by somebody else")
        NetworkRule.objects.filter(address=held).update(removed=held.removed)
        PublicIpAddress.objects.create(
            ip_range_id=held.ip_range_id, zone_id=held.zone_id, number=held.number, address=held.address
        )
        return True


def give_back_all(*, network: Network) -> list[PublicIpAddress]:
    """The addresses that were acquired for ``network`` go with it; those on their way back have jobs of their own."""
    rows = PublicIpAddress.objects.filter(
        Q(state=PublicIpState.ALLOCATED) | Q(state=PublicIpState.ALLOCATING), network=network
    )
    return [address for address in rows.order_by("pk") if give_back(address)]
