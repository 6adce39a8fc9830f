"""What the commands on templates and on ISOs have in common: both are images of one model."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.api.attached import ShowsIcons, TagFilter
from apps.accounts.api.listing import ALL_PROJECTS, AccountScopedListCmd
from apps.accounts.models import Account, Project
from apps.infrastructure.models import Zone
from apps.storage.models import GuestOs, GuestOsCategory, ImageStore, StoragePool, Template, TemplateZone
from apps.storage.selectors import accounts_using
from apps.storage.services.sharing import SharingManager
from apps.storage.services.templates import TemplateManager
from apps.storage.states import TemplateState
from cloudstack.api import (
    BOOL,
    LIST,
    ROOT,
    BaseAsyncCmd,
    BaseCmd,
    Choice,
    Field,
    Flag,
    Int,
    ListOf,
    Map,
    Ref,
    RefList,
    Response,
    Str,
    SuccessResponse,
)
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.jobs import AsyncJob

EVERYBODYS = ("featured", "community", "executable", "sharedexecutable", "shared")
"""Filters that say themselves whose images are meant, so that account and listall do not narrow them."""


class ListImagesCmd(TagFilter, ShowsIcons, AccountScopedListCmd):
    """Whose images and in what state says the filter that the subclass declares as ``image_filter``."""

    abstract = True
    keyword_fields = ("name", "display_text")
    ordering = ("sort_key", "id")
    by_filter: ClassVar[Callable[..., QuerySet[Any]]]

    image_name = Str("name", lookup="name", help="exact name")
    hypervisor = Str("hypervisor", lookup="hypervisor__iexact", help="images for this hypervisor")
    zone = Ref("zoneid", Zone, help="images that can be used in this zone")
    pool = Ref("storageid", StoragePool, help="images that are cached on this pool")
    store = Ref("imagestoreid", ImageStore, help="images in this image store")
    os_category = Ref("oscategoryid", GuestOsCategory, lookup="guest_os__category", help="of this family of systems")
    arch = Str("arch", lookup="architecture", help="for this CPU architecture")
    ready = Flag("isready", help="images that are ready for use, or the others")
    removed = Flag("showremoved", default=False, help="also deleted ones; root admins only")
    unique = Flag("showunique", default=False, help="accepted; each image is listed once")

    def queryset(self) -> QuerySet[Any]:
        rows = self._filtered()
        if self.zone is not None:
            offered = TemplateZone.objects.filter(template_id=OuterRef("pk"), zone=self.zone)
            rows = rows.filter(Q(is_cross_zone=True) | Exists(offered))
        if self.pool is not None:
            rows = rows.filter(pk__in=self.pool.template_refs.values("template"))
        if self.store is not None:
            rows = rows.filter(pk__in=self.store.template_refs.values("template"))
        if self.ready is not None:
            active = Q(state=TemplateState.ACTIVE)
            rows = rows.filter(active if self.ready else ~active)
        return rows

    def _filtered(self) -> QuerySet[Any]:
        name, by_filter = self.image_filter, type(self).by_filter
        if self.removed and self.caller.is_root_admin:
            return self.response.model.all_objects.filter(self.of_kind())
        if name == "all" and not self.caller.is_admin:
            wire = self.params["image_filter"].wire
            raise PermissionDenied(f"{wire}=all is for administrators only", parameter=wire)
        self.ensure_one_owner()
        rows = by_filter(caller=self.viewer(), name=name)
        of_everybody = name in ("featured", "community")
        in_project = self.project is not None and name in ("all", "self", "selfexecutable")
        if in_project or (self.project == ALL_PROJECTS and not of_everybody):
            return self.owned(rows)
        if self.account and not of_everybody:
            owner: Account = self._named_account()
            if name in ("self", "selfexecutable"):
                rows = by_filter(caller=self.caller, name="all").filter(account=owner)
                return rows.filter(state=TemplateState.ACTIVE) if name == "selfexecutable" else rows
            return rows.filter(account=owner)
        if name in ("all", *EVERYBODYS) and self.domain is not None:
            rows = self.in_domains(rows)
        return rows if of_everybody else self.without_projects(rows)

    def of_kind(self) -> Q:
        """What tells the images of this list from the others in the same table."""
        return Q()


class UpdateImageCmd(BaseCmd):
    """The subclass declares ``image``."""

    abstract = True

    image_name = Str("name", help="new name")
    display_text = Str("displaytext", max_length=4096, help="what it is")
    guest_os = Ref("ostypeid", GuestOs, help="guest operating system")
    force_guest_os = Flag(
        "forceupdateostype", default=False, help="accepted; machines that are there keep the system that they have"
    )
    bootable = Flag("bootable", help="whether machines boot from it")
    requires_hvm = Flag("requireshvm", help="whether it needs hardware virtualisation")
    password_enabled = Flag("passwordenabled", help="whether guests can take a new password")
    ssh_key_enabled = Flag("sshkeyenabled", help="whether guests can take a new SSH key")
    scalable = Flag("isdynamicallyscalable", help="whether its machines can grow while running")
    sort_key = Int("sortkey", roles=ROOT, help="place in lists, smallest first")
    arch = Str("arch", max_length=16, help="CPU architecture")
    image_format = Str("format", help="cannot be changed: the image was checked as what it is")
    details = Map("details", help="options of its machines")
    clean_details = Flag("cleanupdetails", default=False, help="forget all options")

    def execute(self) -> Template:
        if self.image_format and self.image_format.upper() != self.image.format:
            raise InvalidParameter(f"the image is {self.image.format}, that cannot be changed", parameter="format")
        return TemplateManager().update(
            caller=self.caller,
            template=self.image,
            guest_os=self.guest_os,
            details=self.details,
            clean_details=self.clean_details,
            name=self.image_name,
            display_text=self.display_text,
            bootable=self.bootable,
            requires_hvm=self.requires_hvm,
            password_enabled=self.password_enabled,
            ssh_key_enabled=self.ssh_key_enabled,
            dynamically_scalable=self.scalable,
            sort_key=self.sort_key,
            architecture=self.arch,
            **self.more(),
        )

    def more(self) -> dict[str, Any]:
        """Fields that only one kind of image has."""
        return {}


class DeleteImageCmd(BaseAsyncCmd):
    """The subclass declares ``image``."""

    abstract = True
    response = SuccessResponse

    zone = Ref("zoneid", Zone, help="only there; everywhere if left out")

    def execute(self) -> AsyncJob:
        return TemplateManager().delete(caller=self.caller, template=self.image, zone=self.zone)


class UpdateImagePermissionsCmd(BaseCmd):
    """The subclass declares ``image``."""

    abstract = True

    accounts = ListOf("accounts", Str, help="names of accounts of your domain; with op")
    projects = RefList("projectids", Project, select_related=["account__group"], help="projects; with op")
    operation = Choice("op", ("add", "remove", "reset"), help="add or remove the accounts, or reset to nobody")
    public = Flag("ispublic", help="whether everybody may use it")
    featured = Flag("isfeatured", roles=ROOT, help="whether it is shown first; root admins only")
    extractable = Flag("isextractable", roles=ROOT, help="whether it can be downloaded; root admins only")

    def execute(self) -> None:
        SharingManager().update(
            caller=self.caller,
            image=self.image,
            operation=self.operation,
            account_names=self.accounts or (),
            projects=self.projects or (),
            is_public=self.public,
            is_featured=self.featured,
            is_extractable=self.extractable,
        )


class ImagePermissionsResponse(Response):
    object_name = "templatepermission"

    id = Field(help="UUID of the image")
    ispublic = Field(type=BOOL, help="whether everybody may use it")
    domainid = Field(help="domain of its account")
    account = Field(type=LIST, help="names of the accounts that it is shared with")
    projectids = Field(type=LIST, help="UUIDs of the projects that it is shared with")


class ListImagePermissionsCmd(BaseCmd):
    """The subclass declares ``image``, with its domain."""

    abstract = True
    response = ImagePermissionsResponse

    def execute(self) -> dict[str, Any]:
        image: Template = self.image
        users = list(accounts_using(image).values_list("name", "project__uuid"))
        return {
            "id": str(image.uuid),
            "ispublic": image.is_public,
            "domainid": str(image.domain.uuid),
            "account": [name for name, project in users if project is None],
            "projectids": [str(project) for _, project in users if project is not None],
        }
