"""The command palette: pages by title, objects by name, UUID or address, of what the caller may see."""

import time
import uuid
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.accounts.admin.commands import admin_caller
from apps.accounts.models import Account, Domain, Project, User
from apps.compute.models import Nic, ServiceOffering, VirtualMachine
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.network.models import Network, NetworkOffering, PublicIpAddress
from apps.portal.navigation import sidebar
from apps.portal.places import icon_of
from apps.storage.models import DiskOffering, ImageStore, Iso, StoragePool, Template, Volume
from cloudstack.api import Access, entities
from cloudstack.api.jobs import jobs_visible_to
from cloudstack.framework.configuration import registry as settings_registry
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.theme.admin import Tool

SHORTEST = 2
"""Fewer letters name too much to be of use."""
MOST_OF_A_KIND = 5
MOST_SETTINGS = 5
_NAMED: tuple[type[Model], ...] = (
    *(Volume, Network, Host, Zone, Pod, Cluster, StoragePool, ImageStore, Template, Iso),
    *(Account, Project, Domain, ServiceOffering, DiskOffering, NetworkOffering),
)
KINDS: dict[type[Model], tuple[str, ...]] = {
    VirtualMachine: ("name", "display_name"),
    User: ("username",),
    **dict.fromkeys(_NAMED, ("name",)),
}
"""Models with the columns that name their objects, in the order in which they are shown."""
ADDRESSES: tuple[tuple[type[Model], str], ...] = ((PublicIpAddress, "address"), (Host, "private_ip"))


def palette(request: HttpRequest) -> HttpResponse:
    """What the theme's palette shows for ``s``."""
    term = request.GET.get("s", "").strip()
    began = time.monotonic()
    found = found_for(request, term) if len(term) >= SHORTEST else []
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
    """Exact things first: an address or a UUID names one object. Then pages, then objects by the begin of a name."""
    caller = admin_caller(request)
    known = _uuid(term)
    if known is not None:
        return list(_by_uuid(request, caller, known))
    address = _address(term)
    if address is not None:
        return list(_by_address(request, caller, address))
    return [*_pages(request, term), *_by_name(request, caller, term)]


def _pages(request: HttpRequest, term: str) -> Iterator[Tool]:
    word = term.lower()
    sections = sidebar(request)
    for section in sections:
        for item in section["items"]:
            if word in item["title"].lower():
                yield Tool(item["title"], section["title"], item["link"], item["icon"])
    if any(item["link"] == reverse("admin:cloud_settings") for section in sections for item in section["items"]):
        keys = [key for key in settings_registry.all_keys() if word in key.name.lower()]
        for key in keys[:MOST_SETTINGS]:
            yield Tool(key.name, "Setting", reverse("admin:cloud_setting", args=[key.name]), "tune")


def _by_uuid(request: HttpRequest, caller: Caller, known: uuid.UUID) -> Iterator[Tool]:
    """One statement for each kind that has UUIDs and a scope."""
    if _visible(request, AsyncJob):
        yield from _tools(jobs_visible_to(caller=caller).filter(uuid=known).defer("data", "arguments"))
    for entity in entities.all_entities():
        if _visible(request, entity.model):
            yield from _tools(entity.scope(caller=caller, access=Access.USE).filter(uuid=known))


def _by_address(request: HttpRequest, caller: Caller, address: str) -> Iterator[Tool]:
    if _visible(request, VirtualMachine):
        holders = Nic.objects.filter(ipv4=address).values("vm")
        yield from _tools(_scope(VirtualMachine, caller).filter(pk__in=holders))
    for model, column in ADDRESSES:
        if _visible(request, model):
            yield from _tools(_scope(model, caller).filter(**{column: address}))


def _by_name(request: HttpRequest, caller: Caller, term: str) -> Iterator[Tool]:
    for model, columns in KINDS.items():
        if _visible(request, model):
            begins = Q()
            for column in columns:
                begins |= Q(**{f"{column}__istartswith": term})
            yield from _tools(_scope(model, caller).filter(begins))


def _tools(rows: QuerySet[Any]) -> Iterator[Tool]:
    options = rows.model._meta
    for row in rows.order_by("pk")[:MOST_OF_A_KIND]:
        link = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[row.pk])
        yield Tool(str(row), str(options.verbose_name), link, icon_of(options.label))


def _scope(model: type[Model], caller: Caller) -> QuerySet[Any]:
    return entities.entity_for(model).scope(caller=caller, access=Access.USE)


def _visible(request: HttpRequest, model: type[Model]) -> bool:
    page = admin.site._registry.get(model)
    return page is not None and page.has_view_permission(request)


def _uuid(term: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(term)
    except ValueError:
        return None


def _address(term: str) -> str | None:
    try:
        return str(IPv4Address(term))
    except AddressValueError:
        return None
