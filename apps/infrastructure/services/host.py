"""Hosts: add, change, connect anew, empty for maintenance, delete. Drivers are asked in jobs only."""

import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.infrastructure.events import (
    HOST_ADD,
    HOST_CANCEL_DEGRADED,
    HOST_DECLARE_DEGRADED,
    HOST_DELETE,
    HOST_EDIT,
    HOST_RECONNECT,
    HOST_RESERVATION_RELEASE,
)
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.services import capacity, evacuation, guards, maintenance, validation
from apps.infrastructure.services.addresses import checked_url, credentials, name_from, private_ip_from
from apps.infrastructure.services.cluster import ClusterManager, known_hypervisor
from apps.infrastructure.services.facts import SILENT
from apps.infrastructure.services.host_state import HOST_STATUS, RESOURCE_STATE
from apps.infrastructure.services.hypervisors import limit_of
from apps.infrastructure.states import ResourceState
from apps.metadata.kinds import kind_noted
from apps.metadata.services.annotations import AnnotationManager
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.secrets import Secret

DELETABLE = (
    ResourceState.DISABLED,
    ResourceState.MAINTENANCE,
    ResourceState.ERROR_IN_MAINTENANCE,
    ResourceState.ERROR_IN_PREPARE_FOR_MAINTENANCE,
    ResourceState.DEGRADED,
)


class HostManager:
    """Intent on hosts; operators only."""

    @transaction.atomic
    def add(
        self,
        *,
        caller: Caller,
        zone: Zone,
        pod: Pod,
        cluster: Cluster | None = None,
        cluster_name: str = "",
        hypervisor: str,
        url: str,
        name: str = "",
        username: str = "",
        password: Secret | None = None,
        tags: tuple[str, ...] = (),
        details: dict[str, Any] | None = None,
        enabled: bool = True,
        uuid: Any = None,
    ) -> tuple[Host, AsyncJob]:
        """A new host, ``Connecting`` until its job has spoken with it; without an answer it ends in ``Alert``.

        Without ``cluster`` the one called ``cluster_name`` is taken, and made if it is not there.
        ``uuid`` is for those who have named the host already, as its agent's queue has.
        """
        if pod.zone_id != zone.pk:
            raise InvalidParameter(f"pod {pod} is not in zone {zone}", parameter="podid")
        if cluster is None:
            cluster = ClusterManager().find_or_add(caller=caller, pod=pod, name=cluster_name, hypervisor=hypervisor)
        if cluster.pod_id != pod.pk:
            raise InvalidParameter(f"cluster {cluster} is not in pod {pod}", parameter="clusterid")
        if known_hypervisor(hypervisor) != cluster.hypervisor:
            raise InvalidParameter(
                f"hypervisor {hypervisor} is not that of cluster {cluster}, {cluster.hypervisor}",
                parameter="hypervisor",
            )
        _refuse_full(cluster)
        host = Host(
            zone=zone,
            pod=pod,
            cluster=cluster,
            hypervisor=cluster.hypervisor,
            architecture=cluster.architecture,
            url=checked_url(url),
            name=name or name_from(url),
            private_ip=private_ip_from(url),
            tags=validation.tags(tags),
            details=validation.details(details or {}),
            credentials=credentials(username, password),
            resource_state=ResourceState.ENABLED if enabled else ResourceState.DISABLED,
        )
        if uuid:
            host.uuid = uuid
        validation.check(host)
        host.save()
        capacity.set_totals(host=host)
        publish(HOST_ADD, caller=caller, description=f"host {host} added to cluster {cluster}", resource=host)
        job = self._connect(host, caller=caller, workflow="infrastructure.host.add", text=f"adding host {host}")
        return host, job

    @transaction.atomic
    def update(self, *, caller: Caller, host: Host, enabled: bool | None = None, **fields: Any) -> Host:
        """Change columns (``name``, ``url``, ``tags``, ``details``, ``guest_os_category``), note something.

        ``enabled`` enables or disables the host.
        """
        host = Host.objects.select_for_update(of=("self",)).select_related("capacity").get(pk=host.pk)
        if note := fields.pop("annotation", ""):
            AnnotationManager().add(caller=caller, kind=kind_noted("HOST"), obj=host, text=note)
        if "tags" in fields:
            fields["tags"] = validation.tags(fields["tags"])
        if "url" in fields:
            fields["url"] = checked_url(fields["url"])
        if "details" in fields:
            fields["details"] = validation.details(fields["details"])
        for name, value in fields.items():
            setattr(host, name, value)
        if fields:
            validation.check(host)
            host.save(update_fields=list(fields))
            text = f"host {host} changed: {', '.join(fields)}"
            publish(HOST_EDIT, caller=caller, description=text, resource=host)
        if "details" in fields:
            for name in ("cpus", "cpu_mhz", "memory_mib"):
                if int(host.details.get(name) or 0):
                    setattr(host, name, int(host.details[name]))
            host.save(update_fields=["cpus", "cpu_mhz", "memory_mib"])
            capacity.set_totals(host=host)
        if enabled is not None:
            RESOURCE_STATE.fire(host, "enable" if enabled else "disable")
        return host

    @transaction.atomic
    def reconnect(self, *, caller: Caller, host: Host) -> AsyncJob:
        """Speak with the host anew and read its facts."""
        HOST_STATUS.fire(host, "connect_requested", disconnected_at=timezone.now())
        return self._connect(
            host,
            caller=caller,
            workflow="infrastructure.host.reconnect",
            text=f"reconnecting host {host}",
            event_type=HOST_RECONNECT,
        )

    @transaction.atomic
    def prepare_maintenance(self, *, caller: Caller, host: Host) -> AsyncJob:
        """No new machines from now on; those on the host leave, then it is in ``Maintenance``."""
        return maintenance.begin(host, caller=caller)

    @transaction.atomic
    def cancel_maintenance(self, *, caller: Caller, host: Host) -> AsyncJob:
        """Take machines again; an evacuation under way stops where it is."""
        return maintenance.end(host, caller=caller)

    @transaction.atomic
    def declare_degraded(self, *, caller: Caller, host: Host) -> AsyncJob:
        """Write a host off that does not answer. Raises ``InvalidParameter`` for one that does."""
        if host.status not in SILENT:
            raise InvalidParameter(
                f"host {host} is {host.status}; only one that is in {', '.join(SILENT)} is declared degraded",
                parameter="id",
            )
        return self._mark(host, caller, "declare_degraded", HOST_DECLARE_DEGRADED, f"declaring host {host} degraded")

    @transaction.atomic
    def cancel_degraded(self, *, caller: Caller, host: Host) -> AsyncJob:
        """The host takes machines again as soon as it answers."""
        return self._mark(host, caller, "cancel_degraded", HOST_CANCEL_DEGRADED, f"taking host {host} back")

    def _mark(self, host: Host, caller: Caller, verb: str, event: str, text: str) -> AsyncJob:
        if not RESOURCE_STATE.can(host, verb):
            allowed = ", ".join(RESOURCE_STATE.sources(verb))
            raise InvalidParameter(f"host {host} is {host.resource_state}, not {allowed}", parameter="id")
        return self._of_host(f"infrastructure.host.{verb}", host, caller, event, text)

    @transaction.atomic
    def release_reservations(self, *, caller: Caller, host: Host) -> AsyncJob:
        """Give back what is promised on ``host`` to holders that are not there and on which no job works."""
        return self._of_host(
            "infrastructure.host.release_reservations",
            host,
            caller,
            HOST_RESERVATION_RELEASE,
            f"giving back room of host {host} that nobody uses",
        )

    @transaction.atomic
    def update_password(
        self,
        *,
        caller: Caller,
        host: Host | None = None,
        cluster: Cluster | None = None,
        username: str,
        password: Secret,
    ) -> list[AsyncJob]:
        """Store other credentials for ``host``, or all hosts of ``cluster``, and have them connected anew."""
        if (host is None) == (cluster is None):
            raise InvalidParameter("give either hostid or clusterid", parameter="hostid")
        hosts = Host.objects.select_for_update().order_by("pk")
        hosts = hosts.filter(pk=host.pk) if host is not None else hosts.filter(cluster=cluster)
        if cluster is not None and cluster.credentials:
            # Hosts that are found later log in by it.
            Cluster.objects.filter(pk=cluster.pk).update(credentials=credentials(username, password))
        jobs = []
        for one in hosts:
            known = json.loads(one.credentials.reveal()) if one.credentials else {}
            one.credentials = Secret(json.dumps({**known, "username": username, "password": password.reveal()}))
            one.save(update_fields=["credentials"])
            text = f"host {one} changed: user name and password"
            publish(HOST_EDIT, caller=caller, description=text, resource=one)
            jobs.append(self.reconnect(caller=caller, host=one))
        if not jobs:
            raise InvalidParameter(f"cluster {cluster} of clusterid has no hosts", parameter="clusterid")
        return jobs

    def _of_host(self, workflow: str, host: Host, caller: Caller, event: str, text: str) -> AsyncJob:
        return dispatch(
            workflow,
            caller=caller,
            exclusive=[f"hostmaintenance:{host.uuid}"],
            resource=host,
            arguments={"host_uuid": str(host.uuid)},
            description=text,
            event_type=event,
        )

    @transaction.atomic
    def delete(self, *, caller: Caller, host: Host, forced: bool = False) -> None:
        """Forget a host that is disabled or in maintenance (``forced``: in any state) and carries no machine."""
        host = Host.objects.select_for_update().get(pk=host.pk)
        if not forced and host.resource_state not in DELETABLE:
            raise InvalidParameter(
                f"host {host} is {host.resource_state}; disable it or put it into maintenance first", parameter="id"
            )
        guards.refuse_when_used(host)
        HOST_STATUS.fire(host, "remove", removed=timezone.now(), credentials=None)
        host.was_removed()
        publish(HOST_DELETE, caller=caller, description=f"host {host} deleted", resource=host)

    def _connect(self, host: Host, *, caller: Caller, workflow: str, text: str, event_type: str = "") -> AsyncJob:
        return dispatch(
            workflow,
            caller=caller,
            exclusive=[f"host:{host.uuid}"],
            resource=host,
            arguments={"host_uuid": str(host.uuid)},
            description=text,
            event_type=event_type,
        )


def _refuse_full(cluster: Cluster) -> None:
    """Raises ``InvalidParameter`` when the cluster has as many hosts as its hypervisor is allowed."""
    Cluster.objects.select_for_update().get(pk=cluster.pk)
    limit = limit_of(cluster.hypervisor, "max_hosts_per_cluster")
    if limit is not None and Host.objects.filter(cluster=cluster).count() >= limit:
        raise InvalidParameter(
            f"clusterid: cluster {cluster} has {limit} hosts, as many as {cluster.hypervisor} is allowed "
            "(updateHypervisorCapabilities, maxhostspercluster)",
            parameter="clusterid",
        )


def _machines_on(host: Any) -> list[str]:
    count = evacuation.occupants_of(host)
    return [f"{count} machines are on it"] if count else []


guards.register_guard(Host, _machines_on)
