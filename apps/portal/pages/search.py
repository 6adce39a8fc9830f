"""The page of everything that search finds: kind by kind, a few of each, and more of one."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.accounts.admin.badges import badge
from apps.accounts.admin.commands import admin_caller
from apps.portal.pages.palette import link_to, visible_models
from apps.portal.selectors import search

OF_EACH = 10
STEP = 50
"""How many more are shown of one kind at a time."""
MOST = 500
"""Who has not found it among so many needs another term, not more rows."""
_BY = {"tag": "by a tag", "address": "by an address", "uuid": "by its UUID"}


def search_page(request: HttpRequest) -> HttpResponse:
    """``q`` is looked for; ``kind`` shows that kind alone, as many of it as ``show`` says."""
    term, wanted = request.GET.get("q", ""), request.GET.get("kind", "")
    show = _number(request.GET.get("show", "")) if wanted else OF_EACH
    models = {model for model in visible_models(request) if not wanted or model._meta.object_name == wanted}
    found = search.found_for(admin_caller(request), term, models=models, of_a_kind=show)
    context = {
        **admin.site.each_context(request),
        "title": "Search",
        "term": term,
        "found": found,
        "groups": [_shown(group, found.term, show, alone=bool(wanted)) for group in found.groups],
        "all_kinds": _url(found.term) if wanted else "",
    }
    response = TemplateResponse(request, "admin/cloud_search.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _shown(group: search.Group, term: str, show: int, *, alone: bool) -> dict[str, Any]:
    following = min(show + STEP, MOST) if alone else STEP
    return {
        "title": group.kind.plural,
        "plural": str(group.kind.model._meta.verbose_name_plural),
        "rows": [
            {
                "found": row,
                "link": link_to(row),
                "state": badge(row.state) if row.state else "",
                "by": _BY.get(row.by, ""),
            }
            for row in group.rows
        ],
        "more": _url(term, kind=group.kind.key, show=following) if group.more and show < MOST else "",
        "too_many": group.more and show >= MOST,
    }


def _url(term: str, **more: Any) -> str:
    return f"{reverse('admin:search')}?{urlencode({'q': term, **more})}"


def _number(text: str) -> int:
    return min(max(int(text), 1), MOST) if text.isascii() and text.isdecimal() and len(text) < 5 else STEP
