"""An operator who sets a zone up in the admin, as a browser without scripts sends the forms."""

import re
from html import unescape
from typing import Any

from django.test import Client

from apps.infrastructure.models import Cluster, Host, Pod
from apps.portal.models import ZoneSetup
from cloudstack.testing.jobs import run_jobs

BEGIN = "/admin/zone-setup/begin/"
LIST = "/admin/zone-setup/"
ZONE = {
    "name": "north",
    "networktype": "Advanced",
    "dns1": "192.0.2.53",
    "internaldns1": "192.0.2.54",
    "guestcidraddress": "10.1.1.0/24",
    "localstorageenabled": "false",
}
PHYSICAL = {
    "name": "wires",
    "isolationmethods": "VXLAN",
    "vlan": "6000-6999",
    "carries_Guest": "on",
    "carries_Management": "on",
    "link_Guest": "eth1",
    "router": "on",
}
POD = {
    "name": "rack-1",
    "gateway": "192.0.2.1",
    "netmask": "255.255.255.0",
    "startip": "192.0.2.10",
    "endip": "192.0.2.50",
}
SHARED = {
    "name": "everybody",
    "vlan": "4500",
    "gateway": "10.70.0.1",
    "netmask": "255.255.255.0",
    "startip": "10.70.0.20",
    "endip": "10.70.0.250",
}


class Operator:
    """Somebody who works on one set-up."""

    def __init__(self, client: Client, base: str = ""):
        self.client = client
        self.base = base or client.get(BEGIN)["Location"].removesuffix("zone/")

    def page(self, step: str) -> str:
        answer = self.client.get(f"{self.base}{step}/")
        assert answer.status_code == 200, answer.get("Location")
        return unescape(answer.content.decode())

    def send(self, step: str, section: str, **fields: Any) -> Any:
        return self.client.post(f"{self.base}{step}/", {"section": section, **fields})

    def made(self, step: str, section: str, **fields: Any) -> None:
        answer = self.send(step, section, **fields)
        assert answer.status_code == 302, errors(answer)

    @property
    def setup(self) -> ZoneSetup:
        return ZoneSetup.objects.get(uuid=self.base.rstrip("/").rpartition("/")[2])


def errors(answer: Any) -> dict[str, str]:
    """Field → what the page says beside it."""
    html = unescape(answer.content.decode())
    return dict(re.findall(r'<span class="cs-wrong" id="id_(\w+)_error">(.*?)</span>', html, re.S))


def until_hosts(hand: Operator) -> Operator:
    """Zone, physical network, pod and cluster of the simulator."""
    hand.made("zone", "zone", **ZONE)
    hand.made("network", "physical", **PHYSICAL)
    hand.made("pod", "pod", **POD)
    run_jobs()
    pod = Pod.objects.get(name="rack-1")
    hand.made("cluster", "cluster", podid=pod.uuid, clustername="racks", hypervisor="Simulator", arch="x86_64")
    return hand


def add_host(hand: Operator, url: str = "sim://rack-1/host-1") -> Host:
    hand.made("host", "host", clusterid=Cluster.objects.get(name="racks").uuid, url=url)
    return Host.objects.get(url=url)
