"""Tags on the wire."""

from apps.accounts.api.attached import TagFields
from apps.metadata.models import ResourceTag


class ResourceTagResponse(TagFields):
    model = ResourceTag
