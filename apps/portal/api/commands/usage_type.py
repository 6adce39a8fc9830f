"""Kinds of usage: static facts."""

from apps.portal.api.responses.usage_type import UsageTypeResponse
from apps.portal.usage_types import USAGE_TYPES
from cloudstack.api import ROOT, BaseListCmd


class ListUsageTypes(BaseListCmd):
    """Lists the kinds of usage with their numbers. Nothing is counted yet."""

    roles = ROOT
    response = UsageTypeResponse
    id_filter = ids_filter = keyword = after = None

    def queryset(self):
        return [{"id": number, "name": name, "description": text} for number, name, text in USAGE_TYPES]
