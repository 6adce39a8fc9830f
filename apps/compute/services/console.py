"""Consoles: one-time tokens, who may use them, and the record of who did."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.compute import events
from apps.compute.console_config import LOST_AFTER_S, RETENTION_HOURS, TOKEN_VALIDITY_S
from apps.compute.models import ConsoleSession, VirtualMachine
from apps.compute.selectors import vms_visible_to
from apps.compute.states import VmState
from cloudstack.api import Access, authentication, registry
from cloudstack.framework.context import Caller
from cloudstack.framework.events.bus import publish

COMMAND = "createConsoleEndpoint"
"""Whose role rule says who opens consoles, when the token is made and when it is used."""
TOKEN_BYTES = 32
_SHOWN = frozenset({VmState.RUNNING, VmState.MIGRATING, VmState.STOPPING})
"""States of a machine in which an open console stays open."""


class ConsoleRefused(Exception):
    """A console is not opened, or not left open; the message is for the person in front of it."""


@dataclass(frozen=True)
class NewConsole:
    """A session and the token that opens it: the only time that anybody sees it."""

    session: ConsoleSession
    token: str = field(repr=False)


class ConsoleManager:
    """Makes tokens. What becomes of them, the functions below do: for whoever brings one."""

    def create(self, *, caller: Caller, vm: VirtualMachine, address: str = "", extra: str = "") -> NewConsole:
        """A token for the console of ``vm``. An earlier one of the same user that nobody used is void.

        ``extra``: a further secret that has to be brought along with the token. Raises ``ConsoleRefused`` when the
        machine does not run.
        """
        if vm.state != VmState.RUNNING or vm.host_id is None:
            raise ConsoleRefused(f"Machine {vm} is {vm.state}. Only a running machine has a console: start it first.")
        now = timezone.now()
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with transaction.atomic():
            unused = ConsoleSession.objects.filter(vm=vm, user_id=caller.user_id, acquired=None, ended=None)
            unused.update(ended=now, end_reason="replaced by a later request")
            session = ConsoleSession.objects.create(
                token_hash=hash_of(token),
                extra_hash=hash_of(extra) if extra else "",
                vm=vm,
                vm_owner_id=vm.account_id,
                host_id=vm.host_id,
                user_id=caller.user_id,
                account_id=caller.account_id,
                domain_id=caller.domain_id,
                expires=now + timedelta(seconds=TOKEN_VALIDITY_S.value()),
                creator_address=address,
            )
        return NewConsole(session, token)


def claim(*, token: str, extra: str = "", user_id: int | None = None, address: str = "") -> ConsoleSession:
    """Use up ``token``; the session, with its machine, host and user.

    ``user_id``: who is logged in where the token comes from, if anybody. Of two that bring it at once one gets it.
    Whatever is wrong with the second look, the token is used up all the same. Raises ``ConsoleRefused``.
    """
    now = timezone.now()
    usable = ConsoleSession.objects.filter(
        token_hash=hash_of(token), acquired__isnull=True, ended__isnull=True, expires__gt=now
    )
    if not usable.update(acquired=now, seen=now, client_address=address):
        raise ConsoleRefused("This way into the console was used already, or its time is up. Connect again.")
    session = ConsoleSession.objects.select_related("vm", "user", "host__zone", "host__pod", "host__cluster").get(
        token_hash=hash_of(token)
    )
    why = _why_not_claimed(session, extra, user_id)
    if why:
        end(session=session, reason=why)
        raise ConsoleRefused(why)
    caller = authentication.get().caller_by_user(session.user_id)
    publish(
        events.VM_CONSOLE_OPEN,
        caller=caller,
        description=f"Console of {session.vm} opened from {address or 'an unknown address'}",
        resource=session.vm,
    )
    return session


def _why_not_claimed(session: ConsoleSession, extra: str, user_id: int | None) -> str:
    if user_id is not None and user_id != session.user_id:
        return "This way into the console was made for another user. Connect again."
    if session.extra_hash and not hmac.compare_digest(session.extra_hash, hash_of(extra)):
        return "The additional token is missing or wrong. Connect again."
    return why_not(session=session, opening=True)


def why_not(*, session: ConsoleSession, opening: bool = False) -> str:
    """Why the user of ``session`` may not see the console now; empty when he may."""
    caller = authentication.get().caller_by_user(session.user_id)
    if caller is None:
        return "Your user or account is not enabled any more."
    command = registry.get(COMMAND)
    if not authentication.is_allowed(caller, command):
        return "Your role does not admit consoles any more."
    caller = authentication.acting(caller, command)
    vm = vms_visible_to(caller=caller, access=Access.OPERATE).filter(pk=session.vm_id).first()
    if vm is None:
        return "The machine is gone, or you may not operate it any more."
    if vm.account_id != session.vm_owner_id:
        return "The machine was given to another account."
    if vm.state != VmState.RUNNING if opening else vm.state not in _SHOWN:
        return f"The machine is {vm.state}."
    if vm.host_id != session.host_id:
        return "The machine has moved to another host. Connect again."
    return ""


def look_after(*, session: ConsoleSession) -> str:
    """Note now and then that the console is open still; why it must not be any more, or nothing."""
    running, now = ConsoleSession.objects.filter(pk=session.pk, ended__isnull=True), timezone.now()
    seen = running.values_list("seen", flat=True).first()
    if seen is None or (seen < now - timedelta(seconds=LOST_AFTER_S / 4) and not running.update(seen=now)):
        return "The session was ended."
    return why_not(session=session)


@transaction.atomic
def end(*, session: ConsoleSession, reason: str) -> bool:
    """Write down that it is over; False when that stands there already."""
    over = ConsoleSession.objects.filter(pk=session.pk, ended__isnull=True)
    if not over.update(ended=timezone.now(), end_reason=reason[:255]):
        return False
    publish(
        events.VM_CONSOLE_CLOSE,
        caller=authentication.get().caller_by_user(session.user_id),
        description=f"Console of {session.vm} closed: {reason}"[:1000],
        resource=session.vm,
    )
    return True


def clean_up() -> None:
    """End what nobody opened in time and what a dead server left behind; forget what is old."""
    now = timezone.now()
    running = ConsoleSession.objects.filter(ended__isnull=True)
    running.filter(acquired__isnull=True, expires__lte=now).update(ended=now, end_reason="not opened in time")
    lost = Q(seen__isnull=True) | Q(seen__lt=now - timedelta(seconds=LOST_AFTER_S))
    running.filter(lost, acquired__isnull=False).update(ended=now, end_reason="its server is gone")
    old = now - timedelta(hours=RETENTION_HOURS.value())
    ConsoleSession.objects.filter(created__lt=old, ended__lt=old).delete()


def hash_of(token: str) -> str:
    """What of a token is stored. Tokens are random and long: no salt and no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
