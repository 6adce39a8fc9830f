"""Icons on the wire."""

from apps.accounts.api.attached import IconFields
from apps.metadata.models import ResourceIcon


class ResourceIconResponse(IconFields):
    model = ResourceIcon
