"""What stands in the menu beside the sections."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cloudstack.api import registry as commands
from cloudstack.pages.frame import register_entries


def entries(request: HttpRequest) -> Iterator[dict[str, Any]]:
    caller = request.caller  # type: ignore[attr-defined]
    yield {"group": "", "title": _("Overview"), "url": reverse("portal:home"), "icon": "home", "order": 0}
    if commands.allowed(caller, "listAsyncJobs"):
        yield {"group": _("Activity"), "title": _("Jobs"), "url": reverse("portal:jobs"), "icon": "jobs", "order": 10}


register_entries(entries)
