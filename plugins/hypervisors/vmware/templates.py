"""Templates in vCenter: an OVA becomes a machine that is marked as a template, once a datastore.

Each worker imports under a name of its own; the first to be finished gives its machine the template's name, and whoever
comes later finds it there. So no worker takes another one's half for its own, or for something that broke off.
"""

import re
import secrets
import time
from typing import Any, BinaryIO

from pyVmomi import vim, vmodl

from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound
from cloudstack.contracts.storage import TemplateSpec
from plugins.hypervisors.vmware import devices, transfer
from plugins.hypervisors.vmware.ova import Archive
from plugins.hypervisors.vmware.vcenter import PC, VCenter

TELL_S = 5.0
"""vCenter gives an import up when it hears nothing for some minutes."""
STALE_S = 24 * 3600
"""An import that began so long ago broke off."""
LONGEST_NAME = 80


def name_of(uuid: str, datastore: str) -> str:
    return f"template-{uuid}-{datastore}"[:LONGEST_NAME]


def name_on_the_way(uuid: str, datastore: str) -> str:
    """Tells when the import began. Its folder on the datastore keeps this name."""
    tail = f"-{int(time.time()):08x}{secrets.token_hex(2)}"
    return name_of(uuid, datastore)[: LONGEST_NAME - len(tail)] + tail


def find(vc: VCenter, uuid: str, datastore: str) -> Any:
    """The finished template on a datastore; None without one."""
    vm = _named(vc, uuid, datastore)
    return vm if vm is not None and vc.one(vm, "config.template") else None


def import_ova(vc: VCenter, template: TemplateSpec, source: BinaryIO, datastore: Any, datastore_name: str) -> Any:
    """Bring the archive in; answers the template, which another worker may have finished before."""
    _clean_up(vc, template.uuid)
    archive = Archive(source, template.name)
    name = name_on_the_way(template.uuid, datastore_name)
    pool, folder = vc.pool_of(vc.host), vc.machines_folder
    params = vim.OvfManager.CreateImportSpecParams(
        entityName=name, diskProvisioning="thin", locale="", deploymentOption="", hostSystem=vc.host
    )
    plan = vc.content.ovfManager.CreateImportSpec(archive.descriptor, pool, datastore, params)
    if plan.error or plan.importSpec is None:
        words = "; ".join(one.localizedMessage or str(type(one.fault).__name__) for one in plan.error or ())
        raise InvalidSpec(f"template {template.name}: vCenter does not take its descriptor: {words}")
    lease = pool.ImportVApp(plan.importSpec, folder, vc.host)
    try:
        _send(vc, lease, plan.fileItem, archive)
    except BaseException:
        _give_up(vc, lease, name)
        raise
    vm = vc.one(lease, "info").entity
    lease.HttpNfcLeaseComplete()
    _strip(vc, vm)
    vm.MarkAsTemplate()
    return _settle(vc, vm, template.uuid, datastore_name)


def folder_of(vc: VCenter, vm: Any) -> str:
    """The folder of a template on its datastore."""
    return str(vc.one(vm, "config.files.vmPathName") or "").partition("] ")[2].rpartition("/")[0]


def disk_path(vc: VCenter, vm: Any) -> str:
    """The file of a template's disk."""
    found = devices.of_kind(vc.one(vm, "config.hardware.device") or (), vim.vm.device.VirtualDisk)
    if not found:
        raise NotFound("the template has no disk")
    return str(found[0].backing.fileName)


def _settle(vc: VCenter, vm: Any, uuid: str, datastore: str) -> Any:
    """Give a finished template its name; one that another worker has finished before stays, and this one goes."""
    for _ in range(2):
        try:
            vc.wait(vm.Rename_Task(name_of(uuid, datastore)))
            return vm
        except (vim.fault.DuplicateName, vmodl.fault.InvalidArgument):  # some vCenters say it the second way
            found = find(vc, uuid, datastore)
            if found is not None:
                vc.wait(vm.Destroy_Task())
                return found
            impostor = _named(vc, uuid, datastore)
            if impostor is None:
                raise
            vc.wait(impostor.Destroy_Task())
    raise DriverError(f"the name of template {uuid} is taken again and again", retryable=True)


def _clean_up(vc: VCenter, uuid: str) -> None:
    """Imports of the template that began long ago and never ended go."""
    begun = re.compile(rf"template-{re.escape(uuid)}.*-([0-9a-f]{{8}})[0-9a-f]{{4}}")
    for vm, told in vc.related(vc.machines_folder, "childEntity", vim.VirtualMachine, ["name"]).items():
        known = begun.fullmatch(told.get("name") or "")
        if known and time.time() - int(known[1], 16) > STALE_S:
            vc.wait(vm.Destroy_Task())


def _named(vc: VCenter, uuid: str, datastore: str) -> Any:
    folder = vc.machines_folder
    return vc.content.searchIndex.FindChild(folder, name_of(uuid, datastore))


def _strip(vc: VCenter, vm: Any) -> None:
    """Machines get cards and discs of their own: those of the archive go."""
    kinds = (vim.vm.device.VirtualEthernetCard, vim.vm.device.VirtualCdrom)
    gone = devices.of_kind(vc.one(vm, "config.hardware.device") or (), kinds)
    if gone:
        removal = [devices.change(devices.REMOVE, device) for device in gone]
        vc.wait(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=removal)))


def _send(vc: VCenter, lease: Any, items: Any, archive: Archive) -> None:
    info = _ready(vc, lease)
    urls = {url.importKey: url for url in info.deviceUrl}
    wanted = {item.path: urls[item.deviceId] for item in items if item.deviceId in urls}
    total = sum(item.size or 0 for item in items) or 1
    told_at, before = time.monotonic(), 0

    def tell(done: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= TELL_S:
            told_at = time.monotonic()
            lease.HttpNfcLeaseProgress(min(99, 100 * (before + done) // total))

    for name, size, content in archive.files():
        target = wanted.pop(name, None)
        if target is not None:
            transfer.put_disk(vc, target.url, target.sslThumbprint or "", size, content, tell)
            before += size
    if wanted:
        raise InvalidSpec(f"template {archive.name}: the archive lacks {', '.join(sorted(wanted))}")


def _ready(vc: VCenter, lease: Any) -> Any:
    """What a lease says of itself when it is ready to take files."""
    spec = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.HttpNfcLease, pathSet=["state", "error", "info"])],
        objectSet=[PC.ObjectSpec(obj=lease)],
    )
    for changed in vc.updates(spec):
        for told in changed.values():
            if told.get("state") == vim.HttpNfcLease.State.ready:
                return told["info"]
            if told.get("state") == vim.HttpNfcLease.State.error:
                raise told["error"]
    raise DriverError("vCenter did not begin the import")


def _give_up(vc: VCenter, lease: Any, name: str) -> None:
    """End the import and take away what came of it; vCenter does so too, when it hears nothing any more."""
    try:
        lease.HttpNfcLeaseAbort()
        half = vc.content.searchIndex.FindChild(vc.machines_folder, name)
        if half is not None:
            vc.wait(half.Destroy_Task())
    except (vmodl.MethodFault, vmodl.RuntimeFault, OSError):
        return  # what it left goes with a later import
