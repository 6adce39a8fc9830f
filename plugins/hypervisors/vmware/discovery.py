"""The hosts of a cluster, as vCenter lists them."""

from collections.abc import Sequence

from pyVmomi import vim

from cloudstack.contracts.clusters import ClusterRef, FoundHost
from cloudstack.contracts.errors import InvalidSpec, NotFound
from plugins.hypervisors.vmware.place import place_of
from plugins.hypervisors.vmware.vcenter import login_of, speaking


class ClusterDiscovery:
    """Made for one cluster."""

    def __init__(self, cluster: ClusterRef):
        self.cluster = cluster

    def find_hosts(self) -> Sequence[FoundHost]:
        cluster = self.cluster
        place = place_of(cluster.url, of_host=False)
        login = login_of(cluster.url, cluster.details, cluster.secrets, of_host=False)
        with speaking(login, place, f"{cluster.name}: find the hosts") as vc:
            try:
                found = vc.cluster
            except NotFound as error:
                raise InvalidSpec(str(error)) from error
            if not isinstance(found, vim.ComputeResource):
                raise InvalidSpec(f"/{place.cluster_path} of vCenter {place.server} is no cluster")
            hosts = vc.related(found, "host", vim.HostSystem, ["name", "runtime.connectionState"])
        connected = vim.HostSystem.ConnectionState.connected
        return [
            FoundHost(
                name=told["name"],
                url=place.url_of(told["name"]),
                connected=told.get("runtime.connectionState") == connected,
            )
            for told in sorted(hosts.values(), key=lambda one: str(one["name"]))
        ]
