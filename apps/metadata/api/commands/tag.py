"""Commands on tags."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts.api.attached import TagPairs
from apps.accounts.api.listing import AccountScopedListCmd
from apps.metadata import events
from apps.metadata.api.responses.tag import ResourceTagResponse
from apps.metadata.kinds import Kind, kind_named
from apps.metadata.models import ResourceTag
from apps.metadata.models.tag import tag_condition
from apps.metadata.services.tags import TagManager
from cloudstack.api import Access, BaseAsyncCmd, ListOf, Str, Uuid
from cloudstack.framework.jobs import AsyncJob

KINDS = "kind of the objects: UserVm, Template, ISO, Volume, Network, Nic, Account, User, Zone…"


class _TagCmd(BaseAsyncCmd):
    abstract = True

    kind_name = Str("resourcetype", required=True, help=KINDS)
    uuids = ListOf("resourceids", Str, required=True, help="UUIDs of the objects, separated by commas")

    def objects(self) -> tuple[Kind, list[Any]]:
        """The objects meant; whoever may work them may tag them."""
        kind = kind_named(self.kind_name, what="tags")
        uuids = dict.fromkeys(self.uuids)
        return kind, kind.get_many(caller=self.caller, uuids=uuids, access=Access.OPERATE, parameter="resourceids")


class CreateTags(_TagCmd):
    """Attaches tags to objects of one kind. A key that an object has already is refused; case does not count."""

    event_type = events.CREATE_TAGS

    tags = TagPairs(required=True, help="the tags: tags[0].key=name, tags[0].value=text")
    customer = Str("customer", default="", help="for whom the tags are kept, in your own words")

    def execute(self) -> AsyncJob:
        kind, objects = self.objects()
        return TagManager().create(
            caller=self.caller, kind=kind, objects=objects, pairs=self.tags, customer=self.customer.strip()
        )


class DeleteTags(_TagCmd):
    """Takes tags off objects of one kind."""

    event_type = events.DELETE_TAGS

    tags = TagPairs(help="only tags with these keys, and these values where one is given; all if left out")

    def execute(self) -> AsyncJob:
        kind, objects = self.objects()
        return TagManager().delete(caller=self.caller, kind=kind, objects=objects, pairs=self.tags or ())


class ListTags(AccountScopedListCmd):
    """Lists tags of your objects, or with listall of all objects that you administer."""

    response = ResourceTagResponse
    keyword_fields = ("key", "value")
    # Tags have no identifiers.
    id_filter = ids_filter = after = None  # type: ignore[assignment]

    kind_name = Str("resourcetype", help=KINDS)
    uuid = Uuid("resourceid", lookup="object_uuid", help="tags of the object with this UUID")
    key = Str("key", help="tags with this key, in any case")
    value = Str("value", help="tags with this value")
    customer = Str("customer", lookup="customer", help="tags that are kept for this customer")

    def names_rows(self) -> bool:
        return self.uuid is not None

    def queryset(self) -> QuerySet[ResourceTag]:
        tags = self.owned(ResourceTag.objects.all())
        if self.kind_name:
            tags = tags.filter(kind=kind_named(self.kind_name, what="tags").name)
        if self.key:
            return tags.filter(tag_condition(self.key, self.value or None))
        return tags.filter(value=self.value) if self.value else tags
