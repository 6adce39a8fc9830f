"""What a new template is, checked: everything that can be refused is refused before any row exists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from apps.accounts.models import Account
from apps.infrastructure.models import Zone
from apps.storage.config import USERS_SHARE_TEMPLATES
from apps.storage.models import GuestOs, ImageStore
from apps.storage.selectors import image_stores_of_zone
from apps.storage.states import TemplateType
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import hypervisor_types
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceUnavailable

FORMATS = {"KVM": ("QCOW2", "RAW"), "VMware": ("OVA",), "Simulator": ("QCOW2", "RAW", "VHD", "VMDK", "OVA")}
OTHER_FORMATS = ("QCOW2", "RAW")


@dataclass(frozen=True, kw_only=True)
class TemplateRequest:
    """A template asked for. No ``zones`` means all zones."""

    owner: Account
    name: str
    format: str
    hypervisor: str = ""
    display_text: str = ""
    zones: Sequence[Zone] = ()
    guest_os: GuestOs | None = None
    checksum: str = ""
    is_public: bool = False
    is_featured: bool = False
    is_extractable: bool = False
    bootable: bool = True
    password_enabled: bool = False
    ssh_key_enabled: bool = False
    requires_hvm: bool = True
    dynamically_scalable: bool = False
    bits: int = 64
    architecture: str = "x86_64"
    tag: str = ""
    kind: TemplateType = TemplateType.USER
    store: ImageStore | None = None
    """The store that the operator chose."""
    details: Mapping[str, str] = field(default_factory=dict)


def known_hypervisor(name: str) -> str:
    """The spelling of a hypervisor that a plugin gives. Raises ``InvalidParameter``."""
    known = {one.lower(): one for one in hypervisor_types()}.get(name.lower())
    if known is None:
        raise InvalidParameter(
            f"there is no hypervisor {name!r}; use one of {', '.join(hypervisor_types()) or 'none'}",
            parameter="hypervisor",
        )
    return known


def known_format(hypervisor: str, name: str) -> str:
    """Raises ``InvalidParameter`` for a format that the hypervisor does not run or that cannot be checked."""
    allowed = FORMATS.get(hypervisor, OTHER_FORMATS)
    if name.upper() not in allowed:
        raise InvalidParameter(
            f"format {name!r} is not possible for {hypervisor}; use one of {', '.join(allowed)}", parameter="format"
        )
    return name.upper()


def check_rights(caller: Caller, request: TemplateRequest) -> None:
    """Who may publish, feature and tag."""
    if request.is_public and not caller.is_admin and not USERS_SHARE_TEMPLATES.value(request.owner.uuid):
        raise PermissionDenied("You may not make templates public", parameter="ispublic")
    if request.is_featured and not caller.is_root_admin:
        raise PermissionDenied("Only root admins feature templates", parameter="isfeatured")
    if request.store is not None and not caller.is_root_admin:
        raise PermissionDenied("Only root admins choose an image store", parameter="imagestoreuuid")
    if request.kind not in (TemplateType.USER, TemplateType.VOLUME) and not (caller.is_root_admin or caller.is_system):
        raise PermissionDenied("Only root admins choose templatetype", parameter="templatetype")
    if request.tag and not caller.is_root_admin:
        raise PermissionDenied("Only root admins tag templates", parameter="templatetag")
    if not request.name.strip():
        raise InvalidParameter("name is empty", parameter="name")
    if request.bits not in (32, 64):
        raise InvalidParameter(f"bits {request.bits} is not possible; use 32 or 64", parameter="bits")


def stores_for(request: TemplateRequest) -> list[ImageStore]:
    """One store for each zone asked for, or for each zone there is. Raises when a named zone has none."""
    zones = list(request.zones) or list(Zone.objects.all())
    if request.store is not None:
        return [_checked_store(request.store, zones)]
    chosen: dict[int, ImageStore] = {}
    for zone in zones:
        store = image_stores_of_zone(zone).first()
        if store is not None:
            chosen.setdefault(store.pk, store)
        elif request.zones:
            raise ResourceUnavailable(f"zone {zone} has no image store that templates can be put in")
    if not chosen:
        raise ResourceUnavailable("there is no image store that templates can be put in")
    return list(chosen.values())


def _checked_store(store: ImageStore, zones: Sequence[Zone]) -> ImageStore:
    if store.read_only:
        raise InvalidParameter(f"image store {store} takes nothing new", parameter="imagestoreuuid")
    foreign = [zone for zone in zones if store.zone_id not in (None, zone.pk)]
    if foreign:
        raise InvalidParameter(f"image store {store} does not serve zone {foreign[0]}", parameter="imagestoreuuid")
    return store
