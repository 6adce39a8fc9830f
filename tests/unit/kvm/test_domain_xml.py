"""The XML of a machine says what the specification says, and nothing that a name can smuggle in."""

import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudstack.contracts.errors import InvalidSpec
from cloudstack.contracts.hypervisor import DiskLimits
from plugins.hypervisors.kvm.device_xml import device_name
from plugins.hypervisors.kvm.domain_xml import NAMESPACE, HostPaths, cpu_shares, domain_xml
from plugins.hypervisors.kvm.options import HostOptions

OTHER = "11111111-8d8a-4f0e-9d3c-2f6f6f1b7a10"
PATHS = HostPaths(seed="/seeds/seed.iso", console_log="/logs/console.log")
SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")
same_spec = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def build(spec, **options):
    return ET.fromstring(domain_xml(spec, HostOptions(**options), PATHS, vnc_password="secret12"))


def test_identity(spec):
    domain = build(spec)
    assert domain.get("type") == "qemu"
    assert domain.findtext("name") == spec.name
    assert domain.findtext("uuid") == spec.uuid
    assert domain.findtext("title") == "web server"
    mark = domain.find(f"metadata/{{{NAMESPACE}}}machine")
    assert mark.attrib == {"uuid": spec.uuid, "name": spec.name}


def test_cpu_and_memory(spec):
    domain = build(spec)
    assert domain.findtext("vcpu") == "2"
    assert domain.find("memory").attrib == {"unit": "MiB"}
    assert domain.findtext("memory") == domain.findtext("currentMemory") == "512"
    assert domain.findtext("cputune/shares") == "200"
    assert domain.find("os/type").attrib == {"arch": "x86_64", "machine": "pc"}


def test_shares_stay_within_what_control_groups_take():
    assert cpu_shares(1, 1) == 2
    assert cpu_shares(2, 2000) == 2 * cpu_shares(1, 2000) == 400
    assert cpu_shares(255, 4000) == 10_000


def test_shares_can_be_switched_off(spec):
    assert build(spec, cpu_shares=False).find("cputune") is None


def test_power_off_ends_the_machine(spec):
    domain = build(spec)
    assert domain.findtext("on_poweroff") == "destroy"
    assert domain.findtext("on_reboot") == "restart"


def test_disk(spec, disk):
    element = build(spec).find("devices/disk[@device='disk']")
    assert element.find("source").get("file") == disk.path
    assert element.find("target").attrib == {"dev": "vda", "bus": "virtio"}
    assert element.find("driver").attrib == {"name": "qemu", "type": "qcow2", "cache": "none", "discard": "unmap"}
    assert element.findtext("serial") == "0b5c9f1e8d8a4f0e9d3c"
    assert element.find("boot").get("order") == "1"


def test_limits_of_a_disk_are_tuned(spec, disk):
    limits = DiskLimits(read_bytes=1000, read_bytes_max=2000, read_bytes_max_s=5, write_ops=7)
    element = build(replace(spec, disks=(replace(disk, limits=limits, cache="writeback"),))).find("devices/disk")
    tuned = {entry.tag: entry.text for entry in element.find("iotune")}
    assert tuned == {
        "read_bytes_sec": "1000",
        "read_bytes_sec_max": "2000",
        "read_bytes_sec_max_length": "5",
        "write_iops_sec": "7",
    }
    assert element.find("driver").get("cache") == "writeback"
    assert build(replace(spec, disks=(replace(disk, limits=DiskLimits()),))).find("devices/disk/iotune") is None


def test_a_disc_boots_before_the_disk(spec, disk):
    disc = replace(disk, uuid=OTHER, format="iso", path="/pool/d.iso", device_id=3, boot=True)
    domain = build(replace(spec, disks=(disk, disc)))
    drive = domain.find("devices/disk/target[@dev='hdc']/..")
    assert (drive.get("device"), drive.find("source").get("file")) == ("cdrom", "/pool/d.iso")
    assert drive.find("boot").get("order") == "1"
    assert domain.find("devices/disk/target[@dev='vda']/../boot").get("order") == "2"
    with pytest.raises(InvalidSpec, match="one CD-ROM drive"):
        build(replace(spec, disks=(disk, disc, replace(disc, device_id=4))))


def test_every_machine_has_a_drive_for_discs(spec):
    drive = build(spec).find("devices/disk/target[@dev='hdc']/..")
    assert drive.get("device") == "cdrom"
    assert drive.find("source") is None and drive.find("boot") is None


def test_seed_is_a_cdrom(spec):
    element = build(spec).find("devices/disk/target[@dev='hdd']/..")
    assert element.get("device") == "cdrom"
    assert element.find("source").get("file") == PATHS.seed
    assert element.find("target").get("bus") == "ide"
    assert element.find("readonly") is not None


def test_only_the_boot_disk_boots(spec, disk):
    other = replace(disk, uuid="11111111-8d8a-4f0e-9d3c-2f6f6f1b7a10", device_id=1, boot=True)
    domain = build(replace(spec, disks=(disk, other)))
    orders = {e.find("target").get("dev"): e.find("boot") is not None for e in domain.findall("devices/disk")}
    assert orders == {"vda": False, "vdb": True, "hdc": False, "hdd": False}


def test_scsi_disk_brings_its_controller(spec, disk):
    domain = build(replace(spec, disks=(replace(disk, bus="scsi"),)))
    assert domain.find("devices/disk/target").get("dev") == "sda"
    assert domain.find("devices/controller[@type='scsi']").get("model") == "virtio-scsi"


def test_nic(spec, nic):
    element = build(spec).find("devices/interface")
    assert element.get("type") == "bridge"
    assert element.find("mac").get("address") == nic.mac
    assert element.find("source").get("bridge") == "brvx-100"
    assert element.find("model").get("type") == "virtio"
    assert element.find("mtu").get("size") == "1450"


def test_a_card_with_a_rate_is_throttled_both_ways(spec, nic):
    assert build(spec).find("devices/interface/bandwidth") is None
    bandwidth = build(replace(spec, nics=(replace(nic, rate_mbit=200),))).find("devices/interface/bandwidth")
    assert {e.tag: e.get("average") for e in bandwidth} == {"inbound": "25600", "outbound": "25600"}
    huge = build(replace(spec, nics=(replace(nic, rate_mbit=2**31 - 1),))).find("devices/interface/bandwidth/inbound")
    assert huge.get("average") == str(2**32 - 1)


def test_nics_keep_their_order(spec, nic):
    second = replace(nic, uuid="6a1e3c7b-58f9-4a5d-9c39-7c3c0c0f4a51", mac="02:00:4c:5f:00:02", device_id=1)
    domain = build(replace(spec, nics=(second, nic)))
    assert [e.get("address") for e in domain.findall("devices/interface/mac")] == [nic.mac, second.mac]


def test_consoles_and_guest_services(spec):
    domain = build(spec, vnc_listen="10.0.0.1")
    assert domain.find("devices/serial").get("type") == "pty"
    assert domain.find("devices/serial/log").get("file") == PATHS.console_log
    assert domain.find("devices/graphics").get("passwd") == "secret12"
    assert domain.find("devices/graphics/listen").get("address") == "10.0.0.1"
    assert domain.find("devices/channel/target").get("name") == "org.qemu.guest_agent.0"
    assert domain.find("devices/rng").get("model") == "virtio"
    assert domain.find("devices/memballoon/stats").get("period") == "10"


def test_kvm_takes_the_cpu_of_its_host(spec):
    assert build(spec, domain_type="kvm").find("cpu").get("mode") == "host-model"
    assert build(spec).find("cpu") is None
    named = build(spec, cpu_model="Haswell").find("cpu")
    assert (named.get("mode"), named.findtext("model")) == ("custom", "Haswell")


@pytest.mark.parametrize(("position", "name"), [(0, "vda"), (25, "vdz"), (26, "vdaa"), (51, "vdaz"), (52, "vdba")])
def test_device_names_go_on_after_z(position, name):
    assert device_name("virtio", position) == name


@pytest.mark.skipif(not (SCHEMA.exists() and which("xmllint")), reason="libvirt's schema or xmllint is not here")
@pytest.mark.parametrize("options", [{}, {"domain_type": "kvm", "machine": "q35", "vnc_listen": "::1"}])
def test_it_is_valid_by_libvirts_own_schema(spec, disk, tmp_path, options):
    scsi = replace(disk, uuid="11111111-8d8a-4f0e-9d3c-2f6f6f1b7a10", device_id=1, bus="scsi")
    file = tmp_path / "domain.xml"
    file.write_text(domain_xml(replace(spec, disks=(disk, scsi)), HostOptions(**options), PATHS))
    done = subprocess.run(["xmllint", "--noout", "--relaxng", str(SCHEMA), str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# -- hostile input -------------------------------------------------------------------------------


@same_spec
@given(name=st.text())
def test_no_display_name_changes_the_machine(spec, name):
    plain, hostile = build(spec), build(replace(spec, display_name=name))
    for domain in (plain, hostile):
        domain.remove(domain.find("title"))
    assert ET.canonicalize(ET.tostring(plain)) == ET.canonicalize(ET.tostring(hostile))


@same_spec
@given(name=st.text())
def test_an_instance_name_is_kept_or_refused(spec, name):
    try:
        domain = build(replace(spec, name=name))
    except InvalidSpec:
        return
    assert domain.findtext("name") == name
    assert "/" not in name


@same_spec
@given(path=st.text(alphabet="/.ab<>&'\"\n\0é", max_size=20))
def test_a_path_is_kept_or_refused(spec, disk, path):
    try:
        domain = build(replace(spec, disks=(replace(disk, path=path),)))
    except InvalidSpec:
        return
    assert domain.find("devices/disk/source").get("file") == path
    assert path.startswith("/")
    assert ".." not in path.split("/")


@same_spec
@given(bridge=st.text(max_size=20))
def test_a_bridge_is_kept_or_refused(spec, nic, bridge):
    try:
        domain = build(replace(spec, nics=(replace(nic, bridge=bridge),)))
    except InvalidSpec:
        return
    assert domain.find("devices/interface/source").get("bridge") == bridge
    assert len(bridge) <= 15


@pytest.mark.parametrize(
    "nonsense",
    [
        {"uuid": "../../x"},
        {"name": "-x"},
        {"name": "a/b"},
        {"cpus": 0},
        {"cpus": 256},
        {"cpu_mhz": -1},
        {"memory_mib": 0},
        {"architecture": "vax"},
        {"details": {"boot_type": "UEFI"}},
    ],
    ids=repr,
)
def test_a_hopeless_machine_is_refused(spec, nonsense):
    with pytest.raises(InvalidSpec):
        build(replace(spec, **nonsense))


@pytest.mark.parametrize(
    "nonsense",
    [
        {"pool_type": "RBD"},
        {"path": "relative"},
        {"path": "/a/../b"},
        {"path": "/a/"},
        {"format": "vmdk"},
        {"bus": "floppy"},
        {"device_id": -1},
        {"bus": "ide", "device_id": 4},
        {"uuid": "x"},
    ],
    ids=repr,
)
def test_a_hopeless_disk_is_refused(spec, disk, nonsense):
    with pytest.raises(InvalidSpec):
        build(replace(spec, disks=(replace(disk, **nonsense),)))


@pytest.mark.parametrize(
    "nonsense",
    [
        {"mac": "nonsense"},
        {"mac": "01:00:5e:00:00:01"},
        {"model": "x"},
        {"mtu": 10},
        {"bridge": "a b"},
        {"rate_mbit": -1},
    ],
    ids=repr,
)
def test_a_hopeless_card_is_refused(spec, nic, nonsense):
    with pytest.raises(InvalidSpec):
        build(replace(spec, nics=(replace(nic, **nonsense),)))


def test_two_of_a_kind_are_refused(spec, disk, nic):
    with pytest.raises(InvalidSpec, match="device id 0"):
        build(replace(spec, disks=(disk, replace(disk, uuid="11111111-8d8a-4f0e-9d3c-2f6f6f1b7a10"))))
    with pytest.raises(InvalidSpec, match="two network cards"):
        build(replace(spec, nics=(nic, nic)))


@pytest.mark.parametrize(
    "details", [{"domain_type": "xen"}, {"cache": "unsafe"}, {"cpu_shares": "perhaps"}], ids=lambda d: next(iter(d))
)
def test_unknown_host_details_are_refused(details):
    with pytest.raises(InvalidSpec, match=next(iter(details))):
        HostOptions.from_details(details)


def test_a_limited_machine_runs_no_faster_than_promised(spec):
    def limited(mhz):
        return ET.fromstring(
            domain_xml(replace(spec, cpu_limited=True, cpu_mhz=500), HostOptions(), PATHS, host_mhz=mhz)
        )

    assert limited(2000).findtext("cputune/quota") == "25000"
    assert limited(2000).findtext("cputune/period") == "100000"
    assert limited(400).find("cputune/quota") is None, "the host is slower than that"
    assert limited(10_000_000).findtext("cputune/quota") == "1000"
    assert build(spec).find("cputune/quota") is None
    with pytest.raises(InvalidSpec, match="no CPU control group"):
        build(replace(spec, cpu_limited=True), cpu_shares=False)


def test_details_tune_disks_cards_and_the_console(spec):
    details = {
        "iothreads": "true", "io.policy": "io_uring", "nic.multiqueue.number": "-1",
        "nic.packed.virtqueues.enabled": "true", "keyboard": "uk",
    }  # fmt: skip
    domain = build(replace(spec, details=details))
    assert domain.findtext("iothreads") == "1"
    drivers = [driver.attrib for driver in domain.iterfind("devices/disk[@device='disk']/driver")]
    assert drivers and all((driver["iothread"], driver["io"]) == ("1", "io_uring") for driver in drivers)
    cards = [driver.attrib for driver in domain.iterfind("devices/interface/driver")]
    assert cards and all(card == {"queues": str(spec.cpus), "packed": "on"} for card in cards)
    assert domain.find("devices/graphics").get("keymap") == "en-gb"
    assert build(spec).find("devices/interface/driver") is None


@pytest.mark.parametrize(
    "details",
    [
        {"io.policy": "fast"}, {"nic.multiqueue.number": "0"}, {"nic.multiqueue.number": "many"},
        {"keyboard": "xx"}, {"iothreads": "perhaps"},
    ],
)  # fmt: skip
def test_a_detail_that_is_none_is_refused(spec, details):
    with pytest.raises(InvalidSpec):
        build(replace(spec, details=details))


def test_native_input_and_output_needs_uncached_disks(spec):
    assert build(replace(spec, details={"io.policy": "native"})).find("devices/disk/driver").get("io") == "native"
    with pytest.raises(InvalidSpec, match="native"):
        build(replace(spec, details={"io.policy": "native"}), cache="writeback")
