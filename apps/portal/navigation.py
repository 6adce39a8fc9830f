"""The admin's navigation and what it says beside its titles, for whoever looks at it."""

from functools import cache as kept
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.cache import cache
from django.db.models import Model
from django.http import HttpRequest
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.text import capfirst

from apps.accounts.admin.commands import admin_caller
from apps.infrastructure.models import Host
from apps.infrastructure.states import HostStatus
from apps.portal.places import PAGES, PLACES, PLUGINS, SECTIONS, PageOfNoModel, Place, icon_of
from cloudstack.api import authentication, registry
from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.jobs.models import AsyncJob

BADGES_FOR_S = 10
"""Seconds for which the figures beside titles are kept: they stand on every page."""


def place_of(model: type[Model], page: admin.ModelAdmin) -> Place:
    """Where a page stands: where it says, or where the core has it, or with the plugins."""
    own = getattr(page, "section", "")
    if own:
        return Place(own if own in SECTIONS else PLUGINS, 500, False)
    return PLACES.get(model._meta.label) or Place(PLUGINS, 500, False)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections with the pages that ``request.user`` may open; a section without any is left out."""
    badges = _badges() if request.user.is_superuser else {}
    found: dict[str, list[tuple[int, str, dict[str, Any]]]] = {section: [] for section in SECTIONS}
    found["Overview"].append((0, "", _item("Overview", _address("admin:index"), "dashboard", request.path)))
    for page in PAGES:
        if _may_open(page, request):
            item = _item(page.title, _address(f"admin:{page.url_name}"), SECTIONS[page.section], request.path)
            found[page.section].append((page.order, page.title, item))
    for model, page in admin.site._registry.items():
        if not page.has_view_permission(request):
            continue
        label, options, place = model._meta.label, model._meta, place_of(model, page)
        url = _address(f"admin:{options.app_label}_{options.model_name}_changelist")
        title = getattr(page, "plural", "") or capfirst(str(options.verbose_name_plural))
        item = _item(title, url, icon_of(label), request.path)
        item["inner"] = place.inner
        item["badge"] = badges.get(label, "")
        found[place.section].append((place.order, title, item))
    return [_group(title, items) for title, items in found.items() if items]


def _address(name: str) -> str:
    """Of a page without arguments. A hundred of them stand on every page: to look each up took a tenth of its time."""
    return _looked_up(name, get_script_prefix(), get_urlconf() or settings.ROOT_URLCONF)


@kept
def _looked_up(name: str, prefix: str, urlconf: Any) -> str:
    return reverse(name, urlconf=urlconf)


def _group(title: str, items: list[tuple[int, str, dict[str, Any]]]) -> dict[str, Any]:
    items.sort(key=lambda entry: entry[:2])
    shown = [item for _, _, item in items]
    return {
        "title": title,
        "icon": SECTIONS[title],
        "items": shown,
        "daily": [item for item in shown if not item["inner"]],
        "inner": [item for item in shown if item["inner"]],
        "is_open": any(item["active"] for item in shown),
        "inner_open": any(item["active"] for item in shown if item["inner"]),
        "badge": sum(item["badge"] or 0 for item in shown) or "",
    }


def _item(title: str, link: str, icon: str, path: str) -> dict[str, Any]:
    active = path == link if title == "Overview" else path.startswith(link)
    return {"title": title, "link": link, "icon": icon, "active": active, "inner": False, "badge": ""}


def _may_open(page: PageOfNoModel, request: HttpRequest) -> bool:
    if not page.command:
        return bool(request.user.is_superuser)
    return authentication.is_allowed(admin_caller(request), registry.get(page.command))


def _badges() -> dict[str, int]:
    """What needs looking at: three counts by index, made once in ten seconds however many pages are read."""
    known: dict[str, int] | None = cache.get("admin.badges")
    if known is None:
        known = {
            "jobs.AsyncJob": AsyncJob.objects.filter(completed__isnull=True, status__in=AsyncJob.LIVE).count(),
            "alerts.Alert": Alert.objects.filter(archived=False).count(),
            "infrastructure.Host": Host.objects.exclude(status=HostStatus.UP).count(),
        }
        cache.set("admin.badges", known, BADGES_FOR_S)
    return known
