"""The first page: what the account has of its limits, what runs, and what to do first."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from cloudstack.api import registry as commands
from cloudstack.api.jobs import jobs_visible_to
from cloudstack.framework.errors import CloudError
from cloudstack.pages import registry
from cloudstack.pages.access import PROJECT, page, projects_of
from cloudstack.pages.calls import call
from cloudstack.pages.frame import fragment, render
from cloudstack.pages.quotas import quotas_of

SHOWN_JOBS = 6


@page
def home(request: HttpRequest) -> HttpResponse:
    """``part=jobs``: only what changes by itself."""
    caller = request.caller  # type: ignore[attr-defined]
    running = jobs_visible_to(caller=caller).filter(completed__isnull=True).order_by("-pk")  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "jobs": list(running.defer("data", "arguments")[:SHOWN_JOBS]),
        "quotas": quotas_of(request),
    }
    if request.GET.get("part") == "live":
        return fragment(request, "portal/home_live.html", context)
    context["first_steps"] = _first_steps(request)
    return render(request, "portal/home.html", {**context, "title": _("Overview")})


def _first_steps(request: HttpRequest) -> list[dict[str, Any]]:
    """What a newcomer does first, with what is done already; nothing once he has a machine."""
    caller = request.caller  # type: ignore[attr-defined]
    steps = []
    for slug, text in (
        ("keys", _("Give the cloud your SSH key, so that you can log in to your machines.")),
        ("networks", _("Make a network for your machines.")),
        ("instances", _("Make your first machine.")),
    ):
        if not registry.known(slug):
            continue
        section = registry.get(slug)
        create = section.create
        if (
            create is None
            or not commands.allowed(caller, create.command)
            or not commands.allowed(caller, section.lists)
        ):
            continue
        try:
            done = bool(call(request, section.lists, {**section.list_params, "page": 1, "pagesize": 1}).count)
        except CloudError:
            done = False
        if slug == "instances" and done:
            return []
        steps.append(
            {
                "text": text,
                "done": done,
                "url": reverse(f"portal:{slug}-create", args=[create.key]),
                "label": create.label,
            }
        )
    return steps


@require_POST
@page
def switch_project(request: HttpRequest) -> HttpResponse:
    """Work for a project from now on, or for one's own account again."""
    chosen = request.POST.get("project", "")
    if chosen and any(uuid == chosen for uuid, _name in projects_of(request)):
        request.session[PROJECT] = chosen
    else:
        request.session.pop(PROJECT, None)
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(target if safe else reverse("portal:home"))
