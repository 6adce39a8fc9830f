"""Volumes as disks of a datastore, each in a folder of its own that bears its UUID."""

import re
from collections.abc import Callable
from typing import Any, BinaryIO

from pyVmomi import vim

from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.storage import PoolFacts, PoolRef, TemplateSpec, VolumeFacts, VolumeSpec
from plugins.hypervisors.vmware import clones, templates, transfer
from plugins.hypervisors.vmware.rules import canonical_uuid, refuse_unless, split_path
from plugins.hypervisors.vmware.vcenter import VCenter, vcenter

KIB = 1024
_OURS = re.compile(r"(volume|template)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[^/]*/[^/]+\.(vmdk|iso)")
_TAKEN_OVER = re.compile(r"([^/]+/)+[^/]+\.vmdk")
"""Disks of machines that were taken over stay where somebody else put them."""


class DatastoreDriver:
    """Volumes of one datastore, which is the last name in the pool's path: ``/datacenter/datastore``."""

    def __init__(self, pool: PoolRef, host: HostRef):
        self.pool = pool
        self.host = host
        self.datastore = pool.path.rstrip("/").rpartition("/")[2]

    # -- the pool --------------------------------------------------------------------------------

    def connect(self) -> PoolFacts:
        with vcenter(self.host, f"connect datastore {self.datastore}") as vc:
            return self._facts(vc)

    def disconnect(self) -> None:
        """Datastores are mounted by vSphere's own operators."""

    def facts(self) -> PoolFacts:
        with vcenter(self.host, f"read datastore {self.datastore}") as vc:
            return self._facts(vc)

    # -- templates and volumes -------------------------------------------------------------------

    def cache_template(self, template: TemplateSpec, source: BinaryIO) -> str:
        uuid = canonical_uuid(template.uuid, "template")
        with vcenter(self.host, f"bring template {template.name} to {self.datastore}") as vc:
            if template.format == "iso":
                return self._disc(vc, template, source)
            refuse_unless(
                template.format == "ova", f"template {template.name}: format {template.format}; OVA is needed"
            )
            found = templates.find(vc, uuid, self.datastore)
            if found is None:
                found = templates.import_ova(vc, template, source, self._datastore(vc), self.datastore)
            # The folder bears the name of the import, the file is named by vCenter: both stay as they are.
            return self._folder_file(vc, templates.folder_of(vc, found)) or templates.disk_path(vc, found)

    def create_volume(self, volume: VolumeSpec) -> VolumeFacts:
        uuid = canonical_uuid(volume.uuid, "volume")
        with vcenter(self.host, f"create volume {uuid}") as vc:
            path = self._path_of(uuid)
            finished = bool(volume.template_path) and self._finish(vc, volume, path)
            known = self._read(vc, path, size_bytes=volume.size_bytes)
            if known is None and not finished:
                if volume.template_path:
                    self._clone(vc, volume, path)
                else:
                    self._empty(vc, volume, path)
            return known or self._read(vc, path, size_bytes=volume.size_bytes) or self._lost(path)

    def volume_facts(self, path: str) -> VolumeFacts | None:
        self._inside(path)
        with vcenter(self.host, f"read volume {path}") as vc:
            return self._read(vc, path)

    def resize_volume(self, path: str, size_bytes: int) -> VolumeFacts:
        self._inside(path)
        with vcenter(self.host, f"resize volume {path}") as vc:
            known = self._read(vc, path)
            if known is None:
                raise NotFound(f"there is no volume {path}")
            if known.size_bytes > size_bytes:
                raise InvalidSpec(f"{path} has {known.size_bytes} bytes and cannot shrink to {size_bytes}")
            if known.size_bytes < size_bytes:
                task = vc.content.virtualDiskManager.ExtendVirtualDisk_Task(
                    path, vc.datacenter, size_bytes // KIB, False
                )
                vc.wait(task)
            return self._facts_of(path, size_bytes, known.allocated_bytes)

    def delete_volume(self, path: str) -> None:
        self._inside(path)
        folder = path.rpartition("/")[0]
        with vcenter(self.host, f"delete volume {path}") as vc:
            if not _OURS.fullmatch(split_path(path)[1]):
                self._delete_disk(vc, path)
                return
            name = split_path(path)[1].partition("/")[0]
            template = templates.find(vc, name.removeprefix("template-")[:36], self.datastore)
            if name.startswith("template-") and template is not None:
                vc.wait(template.Destroy_Task())
            try:
                vc.wait(vc.content.fileManager.DeleteDatastoreFile_Task(folder, vc.datacenter))
            except (vim.fault.FileNotFound, vim.fault.NotFound):
                return

    # -- its own ---------------------------------------------------------------------------------

    @staticmethod
    def _delete_disk(vc: VCenter, path: str) -> None:
        """The disk alone: its folder is not the cloud's, and may hold other things."""
        try:
            vc.wait(vc.content.virtualDiskManager.DeleteVirtualDisk_Task(path, vc.datacenter))
        except (vim.fault.FileNotFound, vim.fault.NotFound):
            return

    def _datastore(self, vc: VCenter) -> Any:
        """Raises ``InvalidSpec`` when the host does not see it."""
        stores = vc.related(vc.host, "datastore", vim.Datastore, ["name"])
        for store, told in stores.items():
            if told.get("name") == self.datastore:
                return store
        names = ", ".join(sorted(told["name"] for told in stores.values())) or "none"
        raise InvalidSpec(f"host {self.host.name} has no datastore {self.datastore!r}; it has {names}")

    def _facts(self, vc: VCenter) -> PoolFacts:
        summary = vc.one(self._datastore(vc), "summary")
        if not summary.accessible:
            raise InvalidSpec(f"datastore {self.datastore} is not accessible on {self.host.name}")
        return PoolFacts(capacity_bytes=summary.capacity, available_bytes=summary.freeSpace)

    def _path_of(self, uuid: str) -> str:
        return f"[{self.datastore}] volume-{uuid}/volume-{uuid}.vmdk"

    def _lost(self, path: str) -> VolumeFacts:
        raise DriverError(f"{path} is not there although it was made", retryable=True)

    def _clone(self, vc: VCenter, volume: VolumeSpec, path: str) -> None:
        folder = split_path(volume.template_path)[1].partition("/")[0]
        template = templates.find(vc, folder.removeprefix("template-")[:36], self.datastore)
        if template is None:
            raise NotFound(f"there is no template {volume.template_path}")
        clones.clone(vc, template, volume, self._datastore(vc))
        self._finish(vc, volume, path)

    def _finish(self, vc: VCenter, volume: VolumeSpec, path: str) -> bool:
        """Bring a clone to its place, one that broke off before too; False when there is none."""
        self._inside(volume.template_path)
        self._make_folder(vc, path)
        return clones.finish(vc, volume, path, self._files(vc))

    def _files(self, vc: VCenter) -> Callable[[str], str]:
        """Tells the disk in a folder of the datastore."""
        return lambda folder: self._folder_file(vc, folder)

    def _empty(self, vc: VCenter, volume: VolumeSpec, path: str) -> None:
        self._datastore(vc)
        self._make_folder(vc, path)
        spec = vim.VirtualDiskManager.FileBackedVirtualDiskSpec(
            diskType="thin", adapterType="lsiLogic", capacityKb=max(1, volume.size_bytes // KIB)
        )
        try:
            vc.wait(vc.content.virtualDiskManager.CreateVirtualDisk_Task(path, vc.datacenter, spec))
        except vim.fault.FileAlreadyExists:
            return  # another worker was quicker

    def _make_folder(self, vc: VCenter, path: str) -> None:
        try:
            vc.content.fileManager.MakeDirectory(path.rpartition("/")[0], vc.datacenter, True)
        except vim.fault.FileAlreadyExists:
            return

    def _disc(self, vc: VCenter, template: TemplateSpec, source: BinaryIO) -> str:
        """A disc is complete when it has its size: what is shorter broke off, and is written again."""
        self._datastore(vc)
        name = f"template-{template.uuid}/{template.uuid}.iso"
        path = f"[{self.datastore}] {name}"
        known = self._read(vc, path)
        if known is None or known.allocated_bytes != template.physical_size_bytes:
            transfer.put_file(vc, self.datastore, name, template.physical_size_bytes, source)
        return path

    def _folder_file(self, vc: VCenter, folder: str) -> str:
        """The disk in a folder of the datastore; empty without one."""
        found = self._search(vc, folder, "*.vmdk")
        names = sorted(file.path for file in found if not re.search(r"-(flat|delta|ctk|\d{6})\.vmdk$", file.path))
        return f"[{self.datastore}] {folder}/{names[0]}" if names else ""

    def _read(self, vc: VCenter, path: str, *, size_bytes: int = 0) -> VolumeFacts | None:
        """``size_bytes`` is what is taken for the size where the storage does not tell it."""
        folder, _, name = split_path(path)[1].rpartition("/")
        for file in self._search(vc, folder, name):
            told = (getattr(file, "capacityKb", None) or 0) * KIB
            if name.endswith(".iso"):
                told = file.fileSize or 0
            return self._facts_of(path, told or size_bytes, file.fileSize or 0)
        return None

    def _search(self, vc: VCenter, folder: str, pattern: str) -> list[Any]:
        browser = vc.once(("browser", self.datastore, vc.place.host), lambda: vc.one(self._datastore(vc), "browser"))
        kinds = vim.host.DatastoreBrowser
        disks = kinds.VmDiskQuery(details=kinds.VmDiskQuery.Details(capacityKb=True, diskType=True))
        spec = kinds.SearchSpec(
            query=[disks, kinds.IsoImageQuery()],
            details=kinds.FileInfo.Details(fileType=True, fileSize=True, modification=False, fileOwner=False),
            matchPattern=[pattern],
        )
        try:
            result = vc.wait(browser.SearchDatastore_Task(f"[{self.datastore}] {folder}", spec))
        except (vim.fault.FileNotFound, vim.fault.NotFound):
            return []
        return list(result.file or ())

    def _inside(self, path: str) -> None:
        """Files of volumes and templates, and disks of machines that were taken over, all on this datastore."""
        datastore, file = split_path(path)
        steps = {"", ".", ".."}.intersection(file.split("/"))
        inside = datastore == self.datastore and not steps and (_OURS.fullmatch(file) or _TAKEN_OVER.fullmatch(file))
        refuse_unless(bool(inside), f"{path!r} is not a volume of pool {self.pool.name}")

    @staticmethod
    def _facts_of(path: str, size_bytes: int, allocated_bytes: int) -> VolumeFacts:
        kind = "iso" if path.endswith(".iso") else "vmdk"
        return VolumeFacts(path=path, format=kind, size_bytes=size_bytes, allocated_bytes=allocated_bytes)
