"""What workflows of this app and of those above do to networks. Every function may be repeated after a crash.

They act on hosts outside transactions and leave a row first, so that whatever they made can be found.
A job that uses a network holds the shared lock ``network:<uuid>``; one that takes it down or moves it
holds the lock alone. Therefore a segment is never taken away while somebody is plugging into it.
"""

from django.db.models import QuerySet
from django.utils import timezone

from apps.infrastructure.models import Host
from apps.network.models import Network, NetworkHost
from apps.network.selectors import network_for_job
from apps.network.services import elements
from apps.network.services.lifecycle import NETWORK_FSM
from apps.network.services.nic_sources import guest_nics
from apps.network.services.service_hosts import can_stay, choose_service_host, is_reachable
from apps.network.services.vnis import hold_vni, release_vni
from apps.network.states import NetworkState
from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.network import GuestNic
from cloudstack.framework.errors import CloudError, InvalidParameter
from cloudstack.framework.jobs import AsyncJob, JobContext, RetryLater

WAIT_S = 1.0
STANDING = (NetworkState.IMPLEMENTED, NetworkState.SETUP)


def lock_name(network: Network) -> str:
    """Name of the lock that jobs take on ``network``."""
    return f"network:{network.uuid}"


# Coming up


def implement_network(ctx: JobContext, network: Network, near_host: Host | None = None) -> Network:
    """Have segment and services of ``network`` up; answers the network as it is now.

    One job at a time brings it up: others get ``RetryLater``. Services move away from a host that is down
    or in maintenance. ``near_host`` is where the first guest will run. Reverse with ``undo_implement``.
    """
    network = _present(ctx, network)
    if not is_up(network):
        network = network_for_job(uuid=network.uuid)
    if network.removed is not None or network.state == NetworkState.DESTROY:
        raise InvalidParameter(f"network {network} is deleted", uuids=((str(network.uuid), "network"),))
    if not is_up(network):
        _claim(ctx, network, near_host)
        _bring_up(ctx, network)
    note_read(ctx, network)
    return network


def note_read(ctx: JobContext, network: Network) -> None:
    """Say that this run has read ``network``, with all that drivers need, while its job holds the shared lock."""
    network.read_by = (ctx.job.pk, ctx.job.epoch)


def _present(ctx: JobContext, network: Network) -> Network:
    """The network as it is: what was up when this run read it stays up while the job holds the shared lock."""
    if getattr(network, "read_by", None) == (ctx.job.pk, ctx.job.epoch):
        return network
    return network_for_job(uuid=network.uuid)


def is_up(network: Network) -> bool:
    """Whether ``network`` can serve guests as it stands."""
    return (
        network.state in STANDING
        and network.services_up
        and network.implementing_job is None
        and (not elements.needs_service_host(network) or can_stay(network.service_host))
    )


def rebuild_network(ctx: JobContext, network: Network, *, clean: bool) -> Network:
    """Bring the services of a standing network up anew; with ``clean`` they are taken down before."""
    network = network_for_job(uuid=network.uuid)
    _claim(ctx, network, None)
    if clean and network.service_host is not None and is_reachable(network.service_host):
        elements.shutdown(network, network.service_host)
    for link in links_of(network):
        if is_reachable(link.host):
            connect_host(ctx, network, link.host)
    _bring_up(ctx, network)
    return network


def undo_implement(ctx: JobContext, network: Network) -> None:
    """Reverse a bringing-up that this job has begun and not ended; a network that is up stays up."""
    network = network_for_job(uuid=network.uuid)
    if network.implementing_job != ctx.job.uuid:
        return
    if network.state == NetworkState.IMPLEMENTING:
        with ctx.transaction():
            NETWORK_FSM.fire(network, "failed")
    if network.state == NetworkState.SHUTDOWN:
        take_down(ctx, network)
    with ctx.transaction():
        _write(network, implementing_job=None, services_up=False)


def undo_rebuild(ctx: JobContext, network: Network) -> None:
    """After a rebuilding that failed: the network is nobody's, and the next guest or the collector brings it up."""
    network = network_for_job(uuid=network.uuid)
    if network.implementing_job == ctx.job.uuid:
        with ctx.transaction():
            _write(network, implementing_job=None, services_up=False)


def _claim(ctx: JobContext, network: Network, near_host: Host | None) -> None:
    """Become the one job that brings ``network`` up, with everything fixed that it needs for that."""
    me, holder = ctx.job.uuid, network.implementing_job
    if holder not in (None, me) and AsyncJob.objects.filter(uuid=holder, status__in=AsyncJob.LIVE).exists():
        raise RetryLater(WAIT_S, f"network {network} is being brought up by job {holder}")
    host = choose_service_host(network, near_host) if elements.needs_service_host(network) else None
    with ctx.transaction():
        mine = Network.all_objects.filter(pk=network.pk, implementing_job=holder, state=network.state)
        if mine.update(implementing_job=me, services_up=False) != 1:
            raise RetryLater(WAIT_S, f"network {network} is being changed by another job")
        network.implementing_job, network.services_up = me, False
        if NETWORK_FSM.can(network, "implement"):
            NETWORK_FSM.fire(network, "implement")
        hold_vni(network=network)
        _write(network, service_host=host)


def _bring_up(ctx: JobContext, network: Network) -> None:
    host = network.service_host
    if host is not None:
        _silence_others(ctx, network, host)
        connect_host(ctx, network, host, serves=True)
        elements.implement(network, host, guest_nics(network))
    with ctx.transaction():
        if network.state == NetworkState.IMPLEMENTING:
            NETWORK_FSM.fire(network, "implemented")
        _write(network, services_up=True, implementing_job=None, idle_since=None, restart_required=False)


def _silence_others(ctx: JobContext, network: Network, host: Host) -> None:
    """Take services down wherever else they may run. A host that cannot be asked is dealt with when it is back."""
    for link in links_of(network).filter(serves=True).exclude(host=host):
        _stop_serving(ctx, network, link)


# Hosts


def connect_host(ctx: JobContext, network: Network, host: Host, *, serves: bool = False) -> str:
    """Connect ``network`` on ``host``; answers the name of the bridge that guests plug into."""
    network = _present(ctx, network)
    link = NetworkHost.objects.filter(network=network, host=host).first()
    if link is None or link.idle_since is not None or (serves and not link.serves):
        with ctx.transaction():
            link, _ = NetworkHost.objects.get_or_create(network=network, host=host)
            link.idle_since, link.serves = None, serves or link.serves
            link.save(update_fields=["idle_since", "serves"])
    bridge = elements.connect(network, host)
    if link.bridge != bridge:
        with ctx.transaction():
            NetworkHost.objects.filter(pk=link.pk).update(bridge=bridge)
    return bridge


def disconnect_host(ctx: JobContext, network: Network, host: Host) -> None:
    """Say that a guest of ``network`` has left ``host``. The collector takes the bridge away later, alone.

    Others may still be there: then the host refuses to give the bridge up, and is asked again later.
    """
    with ctx.transaction():
        NetworkHost.objects.filter(network=network, host=host, idle_since=None).update(idle_since=timezone.now())


# Cards


def prepare_nic(ctx: JobContext, network: Network, nic: GuestNic) -> None:
    """Let a guest get its address and name. The network is up: ``implement_network`` has been called."""
    network = _present(ctx, network)
    if network.service_host is not None and nic.ipv4:
        elements.prepare_nic(network, nic, network.service_host)


def release_nic(ctx: JobContext, network: Network, nic: GuestNic) -> None:
    """Forget a guest. When nobody can be asked there is nothing to do: services that come up anew start without it."""
    network = network_for_job(uuid=network.uuid)
    host = network.service_host
    if host is not None and nic.ipv4 and network.services_up and is_reachable(host):
        elements.release_nic(network, nic, host)


# Going down


def take_down(ctx: JobContext, network: Network) -> None:
    """Take services and segment off all hosts; an isolated network ends as ``Allocated``.

    What a host refuses or cannot be asked is left to the collector; until then the VXLAN number stays held.
    """
    if network.state == NetworkState.IMPLEMENTED:
        with ctx.transaction():
            NETWORK_FSM.fire(network, "shutdown", implementing_job=ctx.job.uuid, services_up=False)
    elif network.services_up:
        with ctx.transaction():
            _write(network, services_up=False)
    for link in links_of(network):
        clean_link(ctx, network, link)
    with ctx.transaction():
        if not network.vni_is_fixed:
            release_vni(network=network)
        if network.state == NetworkState.SHUTDOWN:
            NETWORK_FSM.fire(network, "released")
        _write(network, service_host=None, implementing_job=None, services_up=False, idle_since=None)


def clean_link(ctx: JobContext, network: Network, link: NetworkHost) -> bool:
    """Take the network off one host and forget the host; False when that has to wait."""
    if link.host.removed is None:
        if link.serves and not _stop_serving(ctx, network, link):
            return False
        try:
            elements.disconnect(network, link.host)
        except (DriverError, CloudError) as error:
            _leave_for_later(ctx, network, link, error)
            return False
    with ctx.transaction():
        NetworkHost.objects.filter(pk=link.pk).delete()
    return True


def _stop_serving(ctx: JobContext, network: Network, link: NetworkHost) -> bool:
    if not is_reachable(link.host):
        _leave_for_later(ctx, network, link, f"the host is {link.host.status}")
        return False
    try:
        elements.shutdown(network, link.host)
    except (DriverError, CloudError) as error:
        _leave_for_later(ctx, network, link, error)
        return False
    with ctx.transaction():
        NetworkHost.objects.filter(pk=link.pk).update(serves=False)
    link.serves = False
    return True


def _leave_for_later(ctx: JobContext, network: Network, link: NetworkHost, why: object) -> None:
    ctx.log(f"network {network} stays on host {link.host} for now: {why}")
    with ctx.transaction():
        NetworkHost.objects.filter(pk=link.pk).update(idle_since=timezone.now())


def links_of(network: Network) -> QuerySet[NetworkHost]:
    """The hosts on which the network is, with what drivers need to know of them."""
    return NetworkHost.objects.filter(network=network).select_related("host__zone", "host__pod", "host__cluster")


def _write(network: Network, **changes: object) -> None:
    Network.all_objects.filter(pk=network.pk).update(**changes)
    for name, value in changes.items():
        setattr(network, name, value)
