"""The command palette: pages and settings by title, objects by what search finds of what the caller may see."""

import time
from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.accounts.admin.commands import admin_caller
from apps.portal.navigation import sidebar
from apps.portal.places import icon_of
from apps.portal.selectors import search
from apps.portal.selectors.search_terms import SHORTEST
from cloudstack.framework.configuration import registry as settings_registry
from cloudstack.theme.admin import Tool

MOST_SETTINGS = 5


def palette(request: HttpRequest) -> HttpResponse:
    """What the theme's palette shows for ``s``."""
    term = request.GET.get("s", "").strip()
    began = time.monotonic()
    found = found_for(request, term)
    pages = Paginator(found, max(len(found), 1))
    context = {
        "page_obj": pages,
        "results": pages.page(1),
        "page_counter": 0,
        "execution_time": time.monotonic() - began,
        "command_show_history": False,
    }
    response = TemplateResponse(request, "unfold/helpers/command_results.html", context)
    response["Cache-Control"] = "no-store"
    return response


def found_for(request: HttpRequest, term: str) -> list[Tool]:
    """Pages and settings by their titles, then objects of what ``request.user`` may look at."""
    found = search.found_for(admin_caller(request), term, models=visible_models(request))
    tools = [tool_for(row) for group in found.groups for row in group.rows]
    if any(group.more for group in found.groups):
        everything = f"{reverse('admin:search')}?{urlencode({'q': found.term})}"
        tools.append(Tool("All that is found", "More than stands here", everything, "manage_search"))
    return [*_pages(request, term), *tools]


def visible_models(request: HttpRequest) -> set[type[Model]]:
    """Models whose pages ``request.user`` may open."""
    return {model for model, page in admin.site._registry.items() if page.has_view_permission(request)}


def tool_for(row: search.Found) -> Tool:
    """A result as the palette shows it."""
    options = row.kind.model._meta
    return Tool(row.name, str(options.verbose_name), link_to(row), icon_of(options.label))


def link_to(row: search.Found) -> str:
    """The page of a result."""
    options = row.kind.model._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[row.pk])


def _pages(request: HttpRequest, term: str) -> Iterator[Tool]:
    word = term.lower()
    if len(word) < SHORTEST:
        return
    sections = sidebar(request)
    for section in sections:
        for item in section["items"]:
            if word in item["title"].lower():
                yield Tool(item["title"], section["title"], item["link"], item["icon"])
    if any(item["link"] == reverse("admin:cloud_settings") for section in sections for item in section["items"]):
        keys = [key for key in settings_registry.all_keys() if word in key.name.lower()]
        for key in keys[:MOST_SETTINGS]:
            yield Tool(key.name, "Setting", reverse("admin:cloud_setting", args=[key.name]), "tune")
