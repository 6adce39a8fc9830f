"""Commands on details."""

from typing import Any

from django.db.models import CharField, QuerySet, Value

from apps.accounts.api.listing import AccountScopedListCmd
from apps.metadata import events
from apps.metadata.api.responses.detail import DetailOptionsResponse, ResourceDetailResponse, response_for
from apps.metadata.kinds import Kind, kind_named
from apps.metadata.selectors import details_of, with_detail
from apps.metadata.services.details import DetailManager
from cloudstack.api import ROOT, Access, BaseAsyncCmd, BaseCmd, Flag, Map, Str, entity_for
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob

KINDS = "kind of the object: UserVm, Template, ISO, Volume, Network, Nic, Zone, Storage, ServiceOffering…"


class _DetailCmd(BaseAsyncCmd):
    abstract = True
    roles = ROOT

    kind_name = Str("resourcetype", required=True, help=KINDS)
    uuid = Str("resourceid", required=True, help="UUID of the object")

    def object(self) -> tuple[Kind, Any]:
        kind = kind_named(self.kind_name, what="details")
        [obj] = kind.get_many(
            caller=self.caller, uuids=[self.uuid], access=Access.MODIFY, parameter="resourceid"
        )  # fmt: skip
        return kind, obj


class AddResourceDetail(_DetailCmd):
    """Sets details of an object; those that it has beside them stay."""

    event_type = events.CREATE_DETAILS

    details = Map("details", required=True, help="the details: details[0].key=name, details[0].value=text")
    displayed = Flag("fordisplay", default=True, help="whether others than root admins see them")

    def execute(self) -> AsyncJob:
        kind, obj = self.object()
        return DetailManager().add(
            caller=self.caller, kind=kind, obj=obj, details=self.details, displayed=self.displayed
        )


class RemoveResourceDetail(_DetailCmd):
    """Removes a detail of an object, or all."""

    event_type = events.DELETE_DETAILS

    key = Str("key", default="", help="key of the detail; all details if left out")

    def execute(self) -> AsyncJob:
        kind, obj = self.object()
        return DetailManager().remove(caller=self.caller, kind=kind, obj=obj, key=self.key)


class ListResourceDetails(AccountScopedListCmd):
    """Lists the details of one object, or the objects of a kind that have a certain detail."""

    response = ResourceDetailResponse
    keyword_fields = ()
    id_filter = ids_filter = after = None  # type: ignore[assignment]

    kind_name = Str("resourcetype", required=True, help=KINDS)
    uuid = Str("resourceid", help="UUID of the object; or give key")
    key = Str("key", help="only details with this key")
    value = Str("value", help="only details with this value; together with key")
    displayed = Flag("fordisplay", help="only details that all see, or those that root admins keep to themselves")

    def names_rows(self) -> bool:
        return bool(self.uuid)

    def kind(self) -> Kind:
        return kind_named(self.kind_name, what="details")

    def response_class(self) -> type[ResourceDetailResponse]:
        return response_for(self.kind()) if self.key else ResourceDetailResponse

    def queryset(self) -> QuerySet[Any] | list[dict[str, Any]]:
        kind = self.kind()
        if self.value and not self.key:
            raise InvalidParameter("value goes together with key", parameter="value")
        if self.uuid:
            return self._of_one(kind)
        if not self.key:
            raise InvalidParameter("give resourceid or key: whose details, or which", parameter="resourceid")
        objects = (
            self.owned(kind.model._default_manager.all())
            if kind.is_owned and not kind.owner
            else entity_for(kind.model).scope(caller=self.caller, access=Access.USE)
        )
        displayed = self.displayed if self.caller.is_root_admin else True
        if not self.caller.is_root_admin and self.displayed is False:
            return []
        found = with_detail(objects, kind, self.key, displayed=displayed)
        if self.value:
            found = found.filter(_value=self.value)
        return found.filter(_value__icontains=self.keyword) if self.keyword else found

    def _of_one(self, kind: Kind) -> list[dict[str, Any]]:
        [obj] = kind.get_many(caller=self.caller, uuids=[self.uuid], access=Access.USE, parameter="resourceid")
        row = kind.model._base_manager.filter(pk=obj.pk)
        empty = Value("", output_field=CharField())
        [shown] = response_for(kind).render(row.annotate(_key=empty, _value=empty), caller=self.caller)
        return [
            {**shown, "key": key, "value": value}
            for key, value, displayed in details_of(kind, obj, caller=self.caller)
            if (not self.key or key == self.key)
            and (not self.value or value == self.value)
            and (self.displayed is None or displayed is self.displayed)
            and (not self.keyword or self.keyword.lower() in f"{key}\n{value}".lower())
        ]


class ListDetailOptions(BaseCmd):
    """Lists the details that the platform itself heeds for a kind of objects, with the values that they can have."""

    response = DetailOptionsResponse

    kind_name = Str("resourcetype", required=True, help="UserVm, Template…")
    uuid = Str("resourceid", help="UUID of an object of this kind")

    def execute(self) -> dict[str, Any]:
        kind = kind_named(self.kind_name, what="details")
        obj = None
        if self.uuid:
            [obj] = kind.get_many(caller=self.caller, uuids=[self.uuid], access=Access.USE, parameter="resourceid")
        return {"details": kind.detail_options(obj) if kind.detail_options else {}}
