"""Primary storage for volumes, and stores for templates."""

from typing import Any

from django import forms
from django.db.models import Model, Q

from apps.accounts.admin.badges import badge, human_bytes
from apps.accounts.admin.panels import Panel, link_to
from apps.infrastructure.selectors import hosts_visible_to
from apps.infrastructure.states import HostStatus
from apps.portal.pages.zone_setup.forms import Options, ParameterField, SectionForm
from apps.portal.pages.zone_setup.places import MOST_ROWS, clusters_of
from apps.portal.pages.zone_setup.sections import Section, Shown, Work, uuid_of
from apps.storage.selectors import image_stores_visible_to, pools_visible_to
from apps.storage.states import PoolScope, PoolState, PoolType
from cloudstack.framework.drivers import image_store_providers, storage_types
from cloudstack.framework.errors import InvalidParameter

SCHEMES = {
    PoolType.SHARED_MOUNT_POINT: ("sharedmountpoint", "A directory that all hosts have mounted"),
    PoolType.NETWORK_FILESYSTEM: ("nfs", "NFS: a server's export, which the hosts mount"),
    PoolType.FILESYSTEM: ("filesystem", "A directory on one host's own disks"),
    PoolType.SIMULATOR: ("simulator", "Simulated: nothing is stored"),
}
EXAMPLES = {
    "Directory": "file:///var/lib/cloudstack/images",
    "Simulator": "sim://zone/images",
}


def pool_form(work: Work) -> type[SectionForm]:
    clusters = clusters_of(work)
    kinds = dict.fromkeys(one.hypervisor for one in clusters)
    usable = {kind for hypervisor in kinds for kind in storage_types(hypervisor)}
    hosts = hosts_visible_to(caller=work.caller).filter(zone=work.made_zone, status=HostStatus.UP).order_by("pk")
    cannot = f"hosts of {', '.join(kinds)} cannot use it"
    places = [(str(one.uuid), f"All hosts of cluster {one.name}") for one in clusters]
    places += [(f"zone {kind}", f"All hosts of the zone that run {kind}") for kind in kinds]
    places += [(f"host {host.name}", f"Only host {host.name}") for host in hosts[:MOST_ROWS]]
    offered = [(kind.value, text) for kind, (_, text) in SCHEMES.items() if kind.value in usable]
    offered += [(kind, _label(kind)) for kind in sorted(usable - set(SCHEMES))]

    class PoolForm(SectionForm):
        blames = {"url": "path", "clusterid": "place", "podid": "place", "scope": "place", "hypervisor": "place"}

        name = ParameterField("createStoragePool", "name", "Name", initial="primary")
        kind = forms.ChoiceField(
            label="Kind of storage",
            choices=offered,
            widget=Options(offered, {k.value: cannot for k in SCHEMES if k.value not in usable}),
        )
        place = forms.ChoiceField(label="Who uses it", choices=places, widget=Options(places))
        server = forms.CharField(
            label="Server", required=False, max_length=255, help_text="For NFS: its name or address."
        )
        path = forms.CharField(
            label="Path", max_length=1024, help_text="Of the directory or export, such as /srv/primary."
        )
        tags = ParameterField("createStoragePool", "tags", "Tags", "With commas; disk offerings may ask for them.")

        def clean(self) -> dict[str, Any]:
            cleaned = super().clean() or {}
            if cleaned.get("kind") == PoolType.NETWORK_FILESYSTEM and not cleaned.get("server"):
                self.add_error("server", "NFS needs the name or address of its server.")
            if cleaned.get("kind") == PoolType.FILESYSTEM and not str(cleaned.get("place", "")).startswith("host "):
                self.add_error("place", "A directory on a host's own disks belongs to that host: choose it.")
            return cleaned

    return PoolForm


def _label(kind: str) -> str:
    """Types that plugins bring have no other name."""
    return str(PoolType(kind).label) if kind in PoolType.values else kind


def make_pool(work: Work, form: SectionForm) -> Model:
    kind, place = form.text("kind"), form.text("place")
    server = form.text("server") or "localhost"
    params: dict[str, Any] = {}
    word, _, named = place.partition(" ")
    if word == "zone":
        params = {"scope": PoolScope.ZONE.value, "hypervisor": named}
    elif word == "host":
        params, server = {"scope": PoolScope.HOST.value}, named
    else:
        cluster = next((one for one in clusters_of(work) if str(one.uuid) == place), None)
        if cluster is None:
            raise InvalidParameter("choose a cluster of this zone", parameter="clusterid")
        params = {"scope": PoolScope.CLUSTER.value, "clusterid": cluster.uuid, "podid": cluster.pod.uuid}
    path = form.text("path")
    scheme = SCHEMES[PoolType(kind)][0] if kind in SCHEMES else kind.lower()
    url = f"{scheme}://{server}{path if path.startswith('/') else '/' + path}"
    answer = work.call("createStoragePool", zoneid=work.made_zone.uuid, url=url, **params, **form.wire())
    return pools_visible_to(caller=work.caller).get(uuid=uuid_of(answer))


def store_form(work: Work) -> type[SectionForm]:
    providers = image_store_providers()
    such = "; ".join(f"{EXAMPLES[one]} ({one})" for one in providers if one in EXAMPLES)

    class StoreForm(SectionForm):
        name = ParameterField("addImageStore", "name", "Name", initial=f"{work.made_zone.name} images", required=True)
        provider = ParameterField(
            "addImageStore",
            "provider",
            "Kind of store",
            "Plugins bring others.",
            choices=[(one, one) for one in providers],
        )
        url = ParameterField("addImageStore", "url", "Address", f"Where it is, such as {such}." if such else "")

    return StoreForm


def make_store(work: Work, form: SectionForm) -> Model:
    answer = work.call("addImageStore", zoneid=work.made_zone.uuid, **form.wire())
    return image_stores_visible_to(caller=work.caller).get(uuid=uuid_of(answer))


def refuse_pool(work: Work) -> str:
    if getattr(work.made_zone, "has_host_up", False):
        return ""
    return "no host is Up yet: a pool is connected on hosts; see the step Hosts"


def shown_pools(work: Work) -> Shown:
    pools = list(
        pools_visible_to(caller=work.caller)
        .filter(zone=work.made_zone)
        .select_related("cluster", "host")
        .order_by("pk")[:MOST_ROWS]
    )
    rows = [
        [
            link_to(pool),
            badge(pool.state),
            _label(pool.type),
            f"{pool.host_address}{pool.path}",
            pool.host or pool.cluster or "the zone",
            human_bytes(pool.capacity_bytes) if pool.capacity_bytes else "–",
        ]
        for pool in pools
    ]
    columns = ["Pool", "State", "Kind", "Where", "For", "Size"]
    live = any(pool.state == PoolState.INITIALIZED for pool in pools)
    return Shown([Panel("Primary storage", columns, rows)] if rows else [], is_live=live)


def shown_stores(work: Work) -> Shown:
    stores = list(
        image_stores_visible_to(caller=work.caller)
        .filter(Q(zone=work.made_zone) | Q(zone__isnull=True))
        .order_by("pk")[:MOST_ROWS]
    )
    rows = [
        [
            link_to(store),
            badge("ready" if store.facts_at else "connecting", label="answers" if store.facts_at else "being asked"),
            store.provider,
            store.url,
            "this zone" if store.zone_id else "all zones",
            human_bytes(store.capacity_bytes) if store.capacity_bytes else "–",
        ]
        for store in stores
    ]
    columns = ["Store", "State", "Kind", "Where", "For", "Size"]
    live = any(store.facts_at is None for store in stores)
    return Shown([Panel("Image stores", columns, rows)] if rows else [], is_live=live)


POOL = Section(
    key="pool", title="Add primary storage", button="Add the pool", command="createStoragePool", form=pool_form,
    make=make_pool, refusal=refuse_pool,
    intro="Where volumes live. It is connected on its hosts in the background; one that no host can use is gone again.",
)  # fmt: skip
STORE = Section(
    key="store", title="Add an image store", button="Add the store", command="addImageStore", form=store_form,
    make=make_store, intro="Where templates and ISOs are kept. It is asked for its size in the background.",
)  # fmt: skip
