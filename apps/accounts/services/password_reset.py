"""Forgotten passwords: a link goes to the user's mail address, and whoever has it sets a new one, once.

Whoever asks learns nothing: the answer, the statements and the job are the same whether or not there is such a user.
"""

import hashlib
import re
import secrets
from datetime import timedelta
from hmac import compare_digest
from urllib.parse import urlencode

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from apps.accounts import events
from apps.accounts import password_config as config
from apps.accounts.models import User
from apps.accounts.services.login import is_admitted
from apps.accounts.services.mail import MailServer, send_mail
from apps.accounts.services.passwords import ensure_password, with_history
from cloudstack.framework import counting
from cloudstack.framework.errors import InvalidParameter, ResourceUnavailable, UnsupportedCommand
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import dispatch

HOUR_S = 3600
MOST_FOR_A_USER, MOST_FROM_AN_ADDRESS = 3, 20
"""Mails in an hour. More are not refused, which would tell something, but not sent."""
WRONG = "The token is not right, has been used, or is over; ask for another with forgotPassword"
_FIELD = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def ask_for_link(*, username: str, domain_path: str, address: str) -> None:
    """Have a job mail the link. Raises ``UnsupportedCommand`` where the operator does not want that."""
    _ensure_enabled()
    user = _user(username, domain_path)
    of_name = counting.add(f"reset:{hashlib.sha256(f'{domain_path}{username}'.encode()).hexdigest()}", HOUR_S)[0]
    of_address = counting.add(f"reset:{address}", HOUR_S)[0]
    if of_name > MOST_FOR_A_USER or of_address > MOST_FROM_AN_ADDRESS:
        return
    dispatch(
        "accounts.user.mail_reset_link",
        arguments={"user_id": user.pk if user is not None else None},
        description="Mail a link for a new password, if there is such a user",
    )


def mail_link_for_job(*, user_id: int | None) -> None:
    """Make a token and mail it; nothing for a user who is not there, is shut out, or has no address."""
    user = User.objects.select_related("account__role", "domain").filter(pk=user_id).first()
    if user is None or not user.email or not is_admitted(user):
        return
    if not config.RESET_SENDER.value() or not config.RESET_URL.value():
        raise ResourceUnavailable(
            f"No mail can be sent: the settings {config.RESET_SENDER.name} and {config.RESET_URL.name} are needed"
        )
    token, minutes = secrets.token_urlsafe(32), int(config.RESET_TTL_MIN.value())
    User.objects.filter(pk=user.pk).update(
        reset_token_hash=_hash(token), reset_token_expires=timezone.now() + timedelta(minutes=minutes)
    )
    _send(user, token, minutes)


def reset_password(*, username: str, domain_path: str, token: str, password: str) -> None:
    """Set the new password. The token is worth nothing afterwards, and sessions of before end."""
    _ensure_enabled()
    user = _user(username, domain_path)
    stored = user.reset_token_hash if user is not None else ""
    genuine = compare_digest(stored or "-" * 64, _hash(token))
    over = user is None or user.reset_token_expires is None or user.reset_token_expires <= timezone.now()
    if user is None or not genuine or over or not is_admitted(user):
        raise InvalidParameter(WRONG, parameter="token")
    ensure_password(password, user)
    changes = {"password": make_password(password), "password_history": with_history(user)}
    with transaction.atomic():
        rows = User.objects.filter(pk=user.pk, reset_token_hash=stored).update(
            **changes, reset_token_hash="", reset_token_expires=None, incorrect_logins=0
        )
        if not rows:
            raise InvalidParameter(WRONG, parameter="token")
        publish(
            events.USER_PASSWORD_RESET,
            description=f"user {user.username} set a new password with a link from a mail",
            resource=user,
            account_uuid=user.account.uuid,
            user_id=user.pk,
        )


def _ensure_enabled() -> None:
    if not config.RESET_ENABLED.value():
        raise UnsupportedCommand("Forgotten passwords are not reset by mail here; ask an administrator for a new one")


def _user(username: str, domain_path: str) -> User | None:
    users = User.objects.select_related("account__role", "domain")
    return users.filter(
        username=username, domain__path=domain_path, domain__removed__isnull=True, account__is_system=False
    ).first()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _send(user: User, token: str, minutes: int) -> None:
    domain = user.domain.path.strip("/")
    query = urlencode({"username": user.username, "token": token, **({"domain": domain} if domain else {})})
    facts = {
        "username": user.username,
        "firstname": user.first_name,
        "domain": domain or "ROOT",
        "resetLink": f"{str(config.RESET_URL.value()).rstrip('/')}/new-password/?{query}",
        "token": token,
        "minutes": str(minutes),
    }
    text = _FIELD.sub(lambda match: facts.get(match[1], match[0]), str(config.RESET_TEMPLATE.value()))
    signs_in = bool(config.SMTP_AUTH.value())
    server = MailServer(
        host=str(config.SMTP_HOST.value()) or "localhost",
        port=int(config.SMTP_PORT.value()),
        username=str(config.SMTP_USERNAME.value()) if signs_in else "",
        password=str(config.SMTP_PASSWORD.value()) if signs_in else "",
        starttls=bool(config.SMTP_STARTTLS.value()),
    )
    send_mail(server, sender=str(config.RESET_SENDER.value()), to=user.email, subject="A new password", text=text)
