"""Consoles of machines: permissions to open one, and the record of them."""

from typing import Any
from urllib.parse import urlsplit

from django.db.models import QuerySet

from apps.accounts.models import Account, Domain, User
from apps.accounts.selectors import domains_beneath
from apps.compute.api.responses.console import ConsoleEndpointResponse, ConsoleSessionResponse
from apps.compute.models import ConsoleSession, VirtualMachine
from apps.compute.selectors.console_sessions import console_sessions_visible_to
from apps.compute.services.console import ConsoleManager, ConsoleRefused
from apps.infrastructure.models import Host
from apps.storage.config import ENDPOINT_URL
from cloudstack.api import ROOT, Access, BaseCmd, BaseListCmd, Date, Flag, Ref, Rest, Secret, Str
from cloudstack.framework.context import source_address

SOCKET_PATH = "console/ws"
_PORTS = {"http": 80, "https": 443}


class CreateConsoleEndpoint(BaseCmd):
    """Makes a one-time permission to open the console of a running machine."""

    rest = Rest("virtual-machines", action="console", detail=True, lookup="virtualmachineid")
    response = ConsoleEndpointResponse

    vm = Ref("virtualmachineid", VirtualMachine, access=Access.OPERATE, required=True, help="the machine")
    extra = Secret("token", help="an additional token of your choice, which has to be brought along as well")

    def execute(self) -> dict[str, Any]:
        extra = self.extra.reveal() if self.extra else ""
        try:
            made = ConsoleManager().create(caller=self.caller, vm=self.vm, address=source_address(), extra=extra)
        except ConsoleRefused as refused:
            # Not an error on the wire: clients look at "success".
            return {"success": False, "details": str(refused)}
        base = urlsplit(ENDPOINT_URL.value())
        port = base.port or _PORTS.get(base.scheme, 80)
        return {
            "success": True,
            "url": f"{base.scheme}://{base.netloc}/console/{self.vm.uuid}",
            "websocket": {
                "token": made.token,
                "host": base.hostname or "",
                "port": str(port),
                "path": f"{SOCKET_PATH}/{made.token}",
                **({"extra": extra} if extra else {}),
            },
        }


class ListConsoleSessions(BaseListCmd):
    """Lists who opened the consoles of machines: your own account's sessions, or all within your reach."""

    response = ConsoleSessionResponse
    keyword_fields = ("vm__name", "user__username")
    ids_filter = None
    ordering = ("-id",)

    domain = Ref("domainid", Domain, help="sessions of users in this domain")
    recursive = Flag("isrecursive", default=False, help="with domainid: also in domains below it")
    account = Ref("accountid", Account, lookup="account", help="sessions of this account's users")
    user = Ref("userid", User, lookup="user", help="sessions of this user")
    host = Ref("hostid", Host, lookup="host", roles=ROOT, help="sessions with machines on this host")
    start = Date("startdate", lookup="created__gte", help="asked for from this time on")
    end = Date("enddate", end_of_day=True, lookup="created__lte", help="asked for until this time")
    vm = Ref("virtualmachineid", VirtualMachine, lookup="vm", help="sessions with this machine")
    creator_address = Str("consoleendpointcreatoraddress", lookup="creator_address", help="asked for from this address")
    client_address = Str("clientaddress", lookup="client_address", help="opened from this address")
    active = Flag("activeonly", default=False, help="only those that are not over")
    acquired = Flag("acquired", default=False, help="only those that were opened")

    def queryset(self) -> QuerySet[ConsoleSession]:
        found = console_sessions_visible_to(caller=self.caller)
        if self.domain is not None:
            beneath = {"domain__in": domains_beneath(self.domain.path).values("pk")}
            found = found.filter(**beneath) if self.recursive else found.filter(domain=self.domain.pk)
        if self.active:
            found = found.filter(ended__isnull=True)
        return found.filter(acquired__isnull=False) if self.acquired else found
