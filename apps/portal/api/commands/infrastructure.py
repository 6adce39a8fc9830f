"""The whole installation in figures."""

from typing import Any

from django.db.models import Count, QuerySet, Sum, Value
from django.db.models.fields import CharField

from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.portal.selectors.database import database_facts
from apps.storage.models import ImageStore, StoragePool
from cloudstack.api import DATE, INT, LIST, LONG, ROOT, STRING, BaseCmd, Field, Response
from cloudstack.api.dates import format_date
from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.nodes.models import ManagementServer


class InfrastructureResponse(Response):
    object_name = "infrastructure"

    zones = Field(type=INT, help="zones")
    pods = Field(type=INT, help="pods")
    clusters = Field(type=INT, help="clusters")
    hosts = Field(type=INT, help="hosts")
    storagepools = Field(type=INT, help="storage pools")
    managementservers = Field(type=INT, help="machines that run the platform")
    imagestores = Field(type=INT, help="image stores")
    systemvms = Field(type=INT, help="machines of the platform itself: there are none")
    routers = Field(type=INT, help="routers that are machines: hosts serve networks themselves, so there are none")
    ilbvms = Field(type=INT, help="load balancers that are machines: there are none")
    objectstores = Field(type=INT, help="object stores: there are none")
    backuprepositories = Field(type=INT, help="backup repositories: there are none")
    cpusockets = Field(type=INT, help="processor packages of all hosts that tell theirs")
    alerts = Field(type=INT, help="alerts that nobody has archived")


class ListInfrastructure(BaseCmd):
    """Counts zones, pods, clusters, hosts and what else makes up the installation."""

    roles = ROOT
    response = InfrastructureResponse

    def execute(self) -> dict[str, Any]:
        counted = {
            "zones": Zone.objects.all(),
            "pods": Pod.objects.all(),
            "clusters": Cluster.objects.all(),
            "hosts": Host.objects.all(),
            "storagepools": StoragePool.objects.all(),
            "imagestores": ImageStore.objects.all(),
            "managementservers": ManagementServer.objects.all(),
            "alerts": Alert.objects.filter(archived=False),
        }
        sockets = _named("cpusockets", Host.objects.order_by(), Sum("cpu_sockets"))
        arms = [_named(name, rows.order_by(), Count("pk")) for name, rows in counted.items()]
        found = {name: int(number or 0) for name, number in sockets.union(*arms, all=True)}
        none = ("systemvms", "routers", "ilbvms", "objectstores", "backuprepositories")
        return {**dict.fromkeys((*none, *counted, "cpusockets"), 0), **found}


def _named(name: str, rows: "QuerySet[Any]", amount: Any) -> "QuerySet[Any]":
    """One row: the name and the amount over all ``rows``."""
    grouped = rows.annotate(what=Value(name, output_field=CharField())).values("what")
    return grouped.annotate(number=amount).values_list("what", "number")


class DbMetricsResponse(Response):
    object_name = "dbMetrics"

    collectiontime = Field(type=DATE, help="when the database was asked")
    hostname = Field(type=STRING, help="where it runs")
    version = Field(type=STRING, help="its version")
    versioncomment = Field(type=STRING, help="its version in its own words")
    connections = Field(type=INT, help="connections to it")
    uptime = Field(type=LONG, help="seconds since it started")
    replicas = Field(type=LIST, help="databases that follow it")
    tlsversions = Field(type=STRING, help="versions of TLS that it takes")


class ListDbMetrics(BaseCmd):
    """Tells how the database is. One that is a file knows little of itself."""

    roles = ROOT
    response = DbMetricsResponse

    def execute(self) -> dict[str, Any]:
        facts = database_facts()
        body = {
            "collectiontime": format_date(facts.collected),
            "hostname": facts.hostname,
            "version": facts.version,
            "versioncomment": facts.comment,
            "connections": facts.connections,
            "uptime": facts.uptime_s,
            "replicas": facts.replicas,
            "tlsversions": facts.tls,
        }
        return {name: value for name, value in body.items() if value is not None}
