"""A small directory on a host for files that belong to machines: seeds and console logs."""

import libvirt

from plugins.hypervisors.kvm import pools

SEEDS = "cloudstack-seeds"
CONSOLES = "cloudstack-consoles"
FOLDER_MODE = "0711"


class HostFolder:
    """Files by name in one directory of the host, kept through libvirt, so that remote hosts are served alike."""

    def __init__(self, conn: libvirt.virConnect, name: str, path: str):
        self.conn = conn
        self.name = name
        self.path = path.rstrip("/")

    def file(self, name: str) -> str:
        """Path of a file on the host."""
        return f"{self.path}/{name}"

    def ensure(self) -> libvirt.virStoragePool:
        """The pool over the directory; both are made when missing."""
        pool = pools.find_pool(self.conn, self.name, self.path)
        if pool is None:
            pool = self.conn.storagePoolDefineXML(pools.pool_xml(self.name, self.path, mode=FOLDER_MODE), 0)
        if not pool.isActive():
            pool.build(0)
        pools.activate(pool)
        return pool

    def put(self, name: str, content: bytes) -> str:
        """Write a file, replacing an older one; answers its path on the host."""
        pool = self.ensure()
        pools.delete_volume(pool, name)
        xml = pools.volume_xml(name, len(content), "raw", allocation=0)
        volume = pools.when_idle(lambda: pool.createXML(xml, 0))
        pools.upload(self.conn, volume, [content], len(content))
        return self.file(name)

    def read(self, name: str) -> bytes:
        """A whole file; empty when there is none."""
        volume = pools.find_volume(self.ensure(), name)
        return b"" if volume is None else pools.download(self.conn, volume)

    def remove(self, prefix: str) -> None:
        """Delete every file whose name begins with ``prefix``."""
        pool = pools.find_pool(self.conn, self.name, self.path)
        if pool is None:
            return
        pools.activate(pool)
        pools.when_idle(lambda: pool.refresh(0))
        for name in pool.listVolumes():
            if name.startswith(prefix):
                pools.delete_volume(pool, name)
