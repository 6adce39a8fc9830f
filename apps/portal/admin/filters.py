"""Filters of long lists: what they offer costs no scan, and what they ask for an index answers."""

import uuid
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.models import Account
from apps.portal.selectors.occurring import occurring

MOST_ACCOUNTS = 100
"""Accounts of one name, in different domains, that one filter looks at together."""


class OccurringFilter(admin.SimpleListFilter):
    """The values of one column that rows have. An index must begin with the column."""

    column: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # All such filters of a list in one statement.
        known: dict[str, list[str]] | None = getattr(request, "_occurring", None)
        if known is None:
            filters = [one for one in model_admin.list_filter if isinstance(one, type)]
            columns = [one.column for one in filters if issubclass(one, OccurringFilter)]
            known = occurring(model_admin.model, *columns)
            request._occurring = known  # type: ignore[attr-defined]
        return [(value, value) for value in known[self.column]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class OwnerFilter(admin.SimpleListFilter):
    """By the account that rows name in ``account_uuid``, written as its name or its UUID: a cloud has too many to list.

    A link such as ``?account=<UUID>`` chooses one, too.
    """

    title = "owner (account)"
    parameter_name = "account"
    template = "admin/cloud_text_filter.html"

    def __init__(self, request: HttpRequest, *arguments: Any):
        super().__init__(request, *arguments)
        # Where the list is when the filter is filled in: all but the page and the filter itself.
        dropped = {self.parameter_name, "p"}
        self.others = [(name, value) for name, value in request.GET.items() if name not in dropped]

    def has_output(self) -> bool:
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        yield {
            "value": self.value() or "",
            "name": self.parameter_name,
            "others": self.others,
            "without": changelist.get_query_string(remove=[self.parameter_name]),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        text = (self.value() or "").strip()
        if not text:
            return queryset
        try:
            return queryset.filter(account_uuid=uuid.UUID(text))
        except ValueError:
            named = Account.objects.filter(name=text)
            return queryset.filter(account_uuid__in=list(named.values_list("uuid", flat=True)[:MOST_ACCOUNTS]))
