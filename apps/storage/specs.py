"""Storage objects as drivers see them."""

import json
from collections.abc import Mapping

from apps.storage.models import ImageStore, StoragePool, Template, Volume
from cloudstack.contracts.storage import ImageStoreRef, PoolRef, TemplateSpec, VolumeSpec
from cloudstack.framework.secrets import Secret


def _secrets(stored: Secret | None) -> Mapping[str, str]:
    return {str(k): str(v) for k, v in json.loads(stored.reveal()).items()} if stored else {}


def pool_ref(pool: StoragePool) -> PoolRef:
    return PoolRef(
        uuid=str(pool.uuid),
        name=pool.name,
        type=pool.type,
        path=pool.path,
        host_address=pool.host_address,
        scope=pool.scope,
        details={str(key): str(value) for key, value in pool.details.items()},
        secrets=_secrets(pool.credentials),
    )


def image_store_ref(store: ImageStore) -> ImageStoreRef:
    return ImageStoreRef(
        uuid=str(store.uuid),
        name=store.name,
        provider=store.provider,
        url=store.url,
        details={str(key): str(value) for key, value in store.details.items()},
        secrets=_secrets(store.credentials),
    )


def template_spec(template: Template) -> TemplateSpec:
    return TemplateSpec(
        uuid=str(template.uuid),
        name=template.name,
        format=template.format.lower(),
        virtual_size_bytes=template.virtual_size_bytes,
        physical_size_bytes=template.physical_size_bytes,
        checksum=f"{{SHA-256}}{template.sha256}" if template.sha256 else "",
    )


def volume_spec(volume: Volume, *, template_path: str = "") -> VolumeSpec:
    """``template_path`` is where the volume's template lies on its pool; with it the volume is a clone."""
    return VolumeSpec(
        uuid=str(volume.uuid),
        name=volume.name,
        size_bytes=volume.size_bytes,
        format=volume.format,
        template_path=template_path,
        template_format=volume.template.format.lower() if volume.template_id and volume.template else "qcow2",
    )
