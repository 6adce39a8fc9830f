"""The page of a console, and the tokens that it opens consoles with."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.compute.selectors import vms_visible_to
from apps.compute.services.console import COMMAND
from apps.compute.states import VmState
from apps.portal.console import PREFIX
from cloudstack.api import Access, authentication, registry
from cloudstack.api.addresses import client_address
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.context import Caller, calling, coming_from
from cloudstack.framework.errors import CloudError


@require_GET
@never_cache
@login_required
def console(request: HttpRequest, machine: UUID) -> HttpResponse:
    """The screen of a machine, full size. It asks for a token of its own each time that it connects."""
    caller = _caller(request)
    command = registry.get(COMMAND)
    if not authentication.is_allowed(caller, command):
        raise PermissionDenied(_("your role does not admit consoles"))
    reachable = vms_visible_to(caller=authentication.acting(caller, command), access=Access.OPERATE)
    vm = reachable.filter(uuid=machine).first()
    if vm is None:
        raise Http404(_("there is no machine %(uuid)s") % {"uuid": machine})
    response = render(request, "portal/console.html", {"vm": vm, "runs": vm.state == VmState.RUNNING})
    response["Content-Security-Policy"] = _policy(request)
    return response


@require_POST
@never_cache
def new_session(request: HttpRequest, machine: UUID) -> HttpResponse:
    """The address of a WebSocket that opens the console once, or why there is none."""
    if not request.user.is_authenticated:
        return JsonResponse({"refusal": _("You are signed out. Sign in again, then open the console.")}, status=401)
    caller = _caller(request)
    try:
        with calling(caller), coming_from(client_address(request)):
            made = dispatch(COMMAND, {"virtualmachineid": str(machine)}, caller, door="portal").body["consoleendpoint"]
    except CloudError as error:
        return JsonResponse({"refusal": error.message}, status=403)
    if not made["success"]:
        return JsonResponse({"refusal": made["details"]}, status=409)
    return JsonResponse({"path": f"{PREFIX}/{made['websocket']['token']}"})


def _caller(request: HttpRequest) -> Caller:
    """Raises ``PermissionDenied`` when who is logged in may not act any more."""
    caller = authentication.get().caller_by_user(request.user.pk)
    if caller is None:
        raise PermissionDenied(_("your user, account or role is not enabled"))
    return caller


def _policy(request: HttpRequest) -> str:
    """No script but our files and no connection but to this server, whose WebSockets old browsers want named."""
    socket = f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src 'self' {socket}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
