"""One box for all that is the reader's: by name, address, UUID or tag."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.portal.selectors.search import found_for
from cloudstack.api import registry as commands
from cloudstack.framework.context import Caller
from cloudstack.pages import registry
from cloudstack.pages.access import page
from cloudstack.pages.columns import state
from cloudstack.pages.frame import may_see, render

OF_EACH = 10


@page
def search_page(request: HttpRequest) -> HttpResponse:
    """``q`` is looked for among the kinds that have pages here."""
    typed = request.GET.get("q", "")
    models = _models(request.caller)  # type: ignore[attr-defined]
    found = found_for(request.caller, typed, models=set(models), of_a_kind=OF_EACH)  # type: ignore[attr-defined]
    groups = [
        {
            "section": models[group.kind.model],
            "rows": [
                {
                    "url": reverse(f"portal:{models[group.kind.model].slug}-object", args=[row.uuid]),
                    "name": row.name,
                    "state": state(row.state) if row.state else "",
                    "context": row.context,
                }
                for row in group.rows
            ],
            "more": f"{reverse(f'portal:{models[group.kind.model].slug}-list')}" if group.more else "",
        }
        for group in found.groups
    ]
    context = {"title": _("Search"), "typed": found.term, "refusal": found.refusal if typed else "", "groups": groups}
    return render(request, "portal/search.html", context)


def _models(caller: Caller) -> dict[Any, Any]:
    """Model → the section that shows its objects, of those with pages that the caller's role opens."""
    return {
        model: section
        for section in registry.sections()
        if section.has_page
        and section.lookup == "id"
        and may_see(caller, section)
        and (model := commands.get(section.lists).response.model) is not None
    }
