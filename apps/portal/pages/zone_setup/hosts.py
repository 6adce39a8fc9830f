"""Hosts: adding them, what was found on them, and another try where that failed."""

from typing import Any

from django import forms
from django.db.models import Model
from django.utils.html import format_html

from apps.accounts.admin.badges import badge, human_bytes
from apps.accounts.admin.panels import job_link, link_to
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import hosts_visible_to
from apps.infrastructure.states import HostStatus
from apps.portal.pages.zone_setup.forms import ParameterField, SectionForm
from apps.portal.pages.zone_setup.places import MOST_ROWS, clusters_of
from apps.portal.pages.zone_setup.sections import Card, Section, Shown, Work, uuid_of
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs.models import AsyncJob

MIB = 1024 * 1024
ADDRESSES = {
    "KVM": "qemu+ssh://root@192.0.2.11/system (libvirt over SSH)",
    "Simulator": "sim://rack-1/host-1 (any name: nothing is connected)",
}
OPTIONS = {"KVM": '{"domain_type": "kvm"}', "Simulator": '{"memory_mib": "65536"}'}
BROKEN = (HostStatus.ALERT, HostStatus.DOWN, HostStatus.DISCONNECTED, HostStatus.ERROR)


def host_form(work: Work) -> type[SectionForm]:
    clusters = clusters_of(work)
    offers = [(str(one.uuid), f"{one.name} – {one.hypervisor}") for one in clusters]
    kinds = dict.fromkeys(one.hypervisor for one in clusters)
    such = "; ".join(ADDRESSES[kind] for kind in kinds if kind in ADDRESSES)
    options = ", or ".join(f"{OPTIONS[kind]} for {kind}" for kind in kinds if kind in OPTIONS)

    class HostForm(SectionForm):
        clusterid = ParameterField("addHost", "clusterid", "Cluster", choices=offers, required=True)
        url = ParameterField("addHost", "url", "Address", f"How it is reached, such as {such}." if such else "")
        username = ParameterField("addHost", "username", "User", "To log in as, where the address does not say it.")
        password = ParameterField(
            "addHost",
            "password",
            "Password",
            "Stored encrypted with the host and never shown; type it again if needed.",
        )
        hosttags = ParameterField("addHost", "hosttags", "Tags", "With commas; offerings may ask for them.")
        externaldetails = ParameterField(
            "addHost",
            "externaldetails",
            "Options of the driver",
            f"As JSON, such as {options}." if options else "As JSON.",
        )

    return HostForm


def make_host(work: Work, form: SectionForm) -> Model:
    wanted = form.text("clusterid")
    cluster = next((one for one in clusters_of(work) if str(one.uuid) == wanted), None)
    if cluster is None:
        raise InvalidParameter("choose a cluster of this zone", parameter="clusterid")
    answer = work.call(
        "addHost", zoneid=work.made_zone.uuid, podid=cluster.pod.uuid, hypervisor=cluster.hypervisor, **form.wire()
    )
    return hosts_visible_to(caller=work.caller).get(uuid=uuid_of(answer))


def host_to_mend(work: Work) -> Host | None:
    """The host that the page's address, or its form, names."""
    wanted = work.query.get("mend", "") or work.query.get("host", "")
    rows = hosts_visible_to(caller=work.caller).filter(zone=work.zone)
    try:
        return rows.filter(uuid=forms.UUIDField().clean(wanted)).first() if wanted else None
    except forms.ValidationError:
        return None


def mend_form(work: Work) -> type[SectionForm]:
    mended = host_to_mend(work)

    class MendForm(SectionForm):
        host = forms.CharField(widget=forms.HiddenInput, required=False, initial=str(mended.uuid) if mended else "")
        url = ParameterField(
            "updateHost", "url", "Address", "How it is reached.", required=True, initial=mended.url if mended else ""
        )
        username = ParameterField(
            "updateHostPassword", "username", "User", "With the password: both are stored anew.", required=False
        )
        password = ParameterField(
            "updateHostPassword", "password", "Password", "Empty: what is stored is tried again.", required=False
        )

    return MendForm


def make_mend(work: Work, form: SectionForm) -> Model:
    host = host_to_mend(work)
    if host is None:
        raise InvalidParameter("the host is not in this zone any more")
    if host.status == HostStatus.CONNECTING:
        return host
    if form.text("url") != host.url:
        work.call("updateHost", id=host.uuid, url=form.text("url"))
    if form.text("username") or form.text("password"):
        for name in ("username", "password"):
            if not form.text(name):
                raise InvalidParameter("a user and his password are stored together: give both", parameter=name)
        work.call(
            "updateHostPassword", hostid=host.uuid, username=form.text("username"), password=form.text("password")
        )
    else:
        work.call("reconnectHost", id=host.uuid)
    return host


def shown_hosts(work: Work) -> Shown:
    """Each host with what its driver found, or with its words on why it did not."""
    hosts = list(
        hosts_visible_to(caller=work.caller)
        .filter(zone=work.made_zone)
        .select_related("cluster")
        .order_by("-pk")[:MOST_ROWS]
    )
    live = AsyncJob.objects.filter(resource_uuid__in=[host.uuid for host in hosts], completed__isnull=True)
    jobs = {job.resource_uuid: job for job in live.defer("data", "arguments").order_by("pk")} if hosts else {}
    cards = [
        Card(link_to(host), badge(host.status), _says(host, jobs.get(host.uuid)), _found(host) if host.cpus else [])
        for host in hosts
    ]
    connecting = any(host.status == HostStatus.CONNECTING for host in hosts)
    return Shown(cards=cards, is_live=connecting or bool(jobs))


def _found(host: Host) -> list[tuple[str, Any]]:
    """What the driver told of the host."""
    return [
        (
            "CPUs",
            f"{host.cpus} × {host.cpu_mhz} MHz"
            + (
                f" on {host.cpu_sockets} {'socket' if host.cpu_sockets == 1 else 'sockets'}" if host.cpu_sockets else ""
            ),
        ),
        ("Memory", human_bytes(host.memory_mib * MIB)),
        ("Hypervisor", " ".join(filter(None, (host.hypervisor, host.hypervisor_version)))),
        ("Processors", host.architecture),
        ("Name of its own", host.hostname or "–"),
        ("Capabilities", host.capabilities or "–"),
        ("Cluster", host.cluster),
        ("Address", host.url),
        ("UUID, which its agent is started with", host.uuid),
    ]


def _says(host: Host, job: AsyncJob | None) -> Any:
    if job is not None:
        return format_html("{} {}", job_link(job.uuid, job.description or job.name), job.progress_text)
    if host.status not in BROKEN:
        return "connected" if host.status == HostStatus.UP else "–"
    return format_html(
        '{}<br><a class="cs-again" href="?mend={}#mend">Mend and try again</a>',
        host.status_reason or "It does not answer.",
        host.uuid,
    )


HOST = Section(
    key="host", title="Add a host", button="Add the host", command="addHost", form=host_form, make=make_host,
    intro="It is connected in the background, and what it has is read. Add as many as you like.",
)  # fmt: skip
MEND = Section(
    key="mend", title="Mend the host and try again", button="Try again", command="reconnectHost",
    further=("updateHost", "updateHostPassword"), form=mend_form, make=make_mend, once=False,
    when=lambda work: host_to_mend(work) is not None,
)  # fmt: skip
