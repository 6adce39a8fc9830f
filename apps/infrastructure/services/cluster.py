"""Clusters: add, change, delete."""

from typing import Any

from django.db import transaction

from apps.infrastructure.events import CLUSTER_CREATE, CLUSTER_DELETE, CLUSTER_DISCOVER, CLUSTER_EDIT
from apps.infrastructure.models import Cluster, Pod
from apps.infrastructure.services import guards, validation
from apps.infrastructure.services.addresses import checked_url, credentials
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import discovered_hypervisors, hypervisor_types
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.secrets import Secret

CLOUD_MANAGED, EXTERNALLY_MANAGED = "CloudManaged", "ExternalManaged"


class ClusterManager:
    """Intent on clusters; operators only."""

    @transaction.atomic
    def add(self, *, caller: Caller, pod: Pod, name: str, hypervisor: str, **fields: Any) -> Cluster:
        """A new cluster in ``pod``. Raises ``InvalidParameter`` for a hypervisor that no plugin drives."""
        cluster = Cluster(pod=pod, name=name, hypervisor=known_hypervisor(hypervisor), **fields)
        validation.check(cluster)
        cluster.save()
        publish(CLUSTER_CREATE, caller=caller, description=f"cluster {cluster} added to pod {pod}", resource=cluster)
        return cluster

    @transaction.atomic
    def add_managed(
        self,
        *,
        caller: Caller,
        pod: Pod,
        name: str,
        hypervisor: str,
        url: str,
        username: str,
        password: Secret | None,
        details: dict[str, Any] | None = None,
        **fields: Any,
    ) -> tuple[Cluster, AsyncJob]:
        """A cluster that has a manager of its own, such as vCenter, and the job that adds the hosts it names."""
        kind = known_hypervisor(hypervisor)
        if kind not in discovered_hypervisors():
            raise InvalidParameter(
                f"clusters of {kind} have no manager; they are CloudManaged, and their hosts are added one by one",
                parameter="clustertype",
            )
        for parameter, value in (("url", url), ("username", username), ("password", password)):
            if not value:
                raise InvalidParameter(f"{parameter} is needed for a cluster that has a manager", parameter=parameter)
        cluster = self.add(
            caller=caller,
            pod=pod,
            name=name,
            hypervisor=kind,
            cluster_type=EXTERNALLY_MANAGED,
            url=checked_url(url),
            credentials=credentials(username, password),
            details=validation.details(details or {}),
            **fields,
        )
        return cluster, self.discover(caller=caller, cluster=cluster)

    @transaction.atomic
    def discover(self, *, caller: Caller, cluster: Cluster) -> AsyncJob:
        """Look for hosts that the cluster's manager has and the platform has not."""
        return dispatch(
            "infrastructure.cluster.discover",
            caller=caller,
            exclusive=[f"cluster:{cluster.uuid}"],
            resource=cluster,
            arguments={"cluster_uuid": str(cluster.uuid)},
            description=f"finding the hosts of cluster {cluster}",
            event_type=CLUSTER_DISCOVER,
        )

    @transaction.atomic
    def find_or_add(self, *, caller: Caller, pod: Pod, name: str, hypervisor: str) -> Cluster:
        """The cluster of that name in ``pod``, made if it is not there."""
        if not name:
            raise InvalidParameter("one of clusterid and clustername is needed", parameter="clusterid")
        found = Cluster.objects.filter(pod=pod, name=name).first()
        return found or self.add(caller=caller, pod=pod, name=name, hypervisor=hypervisor)

    @transaction.atomic
    def update(self, *, caller: Caller, cluster: Cluster, **fields: Any) -> Cluster:
        """Change the columns in ``fields``; the hypervisor only while no host is in the cluster."""
        cluster = Cluster.objects.select_for_update().get(pk=cluster.pk)
        if "hypervisor" in fields:
            fields["hypervisor"] = known_hypervisor(fields["hypervisor"])
            if fields["hypervisor"] != cluster.hypervisor and _hosts_in(cluster):
                raise InvalidParameter(
                    f"cluster {cluster} has hosts; its hypervisor cannot change", parameter="hypervisor"
                )
        for name, value in fields.items():
            setattr(cluster, name, value)
        validation.check(cluster)
        cluster.save(update_fields=list(fields))
        text = f"cluster {cluster} changed: {', '.join(fields)}"
        publish(CLUSTER_EDIT, caller=caller, description=text, resource=cluster)
        return cluster

    @transaction.atomic
    def delete(self, *, caller: Caller, cluster: Cluster) -> None:
        """Raises ``ResourceInUse`` while hosts (or, say the apps above, storage) are in the cluster."""
        Cluster.objects.select_for_update().get(pk=cluster.pk)
        guards.refuse_when_used(cluster)
        if cluster.mark_removed():
            publish(CLUSTER_DELETE, caller=caller, description=f"cluster {cluster} deleted", resource=cluster)


def known_hypervisor(name: str) -> str:
    """The declared spelling of a hypervisor that some plugin drives."""
    known = {kind.lower(): kind for kind in hypervisor_types()}
    try:
        return known[name.strip().lower()]
    except KeyError:
        choices = ", ".join(sorted(known.values())) or "none"
        raise InvalidParameter(f"hypervisor is {name!r}; plugins drive: {choices}", parameter="hypervisor") from None


def _hosts_in(cluster: Any) -> list[str]:
    count = cluster.hosts.filter(removed__isnull=True).count()
    return [f"{count} hosts are in it"] if count else []


guards.register_guard(Cluster, _hosts_in)
