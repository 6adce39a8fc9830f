"""User data: base64 text of the user, handed to the guest as it is; and the texts that are kept under a name."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import Account
from apps.compute import events
from apps.compute.config import USERDATA_MAX_LENGTH
from apps.compute.models import TemplateUserData, UserData
from apps.compute.states import UserDataPolicy
from apps.storage.models import Template
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
BEGINNINGS = {
    b"## template: jinja": "jinja2",
    b"#cloud-config-archive": "cloud-config-archive",
    b"#cloud-config-jsonp": "cloud-config-jsonp",
    b"#cloud-config": "cloud-config",
    b"#cloud-boothook": "cloud-boothook",
    b"#include-once": "x-include-once-url",
    b"#include": "x-include-url",
    b"#part-handler": "part-handler",
    b"#!": "x-shellscript",
}
"""How a part begins and the kind of text that cloud-init takes it for; the first that fits."""


@dataclass(frozen=True, kw_only=True)
class UserDataChoice:
    """What a machine gets: base64 text, the registered text that it was made from, values of its variables."""

    text: str = field(default="", repr=False)
    source: UserData | None = None
    details: Mapping[str, str] = field(default_factory=dict, repr=False)

    def columns(self) -> dict[str, Any]:
        """As the row of a machine has it."""
        return {
            "user_data": self.text or None,
            "user_data_source": self.source,
            "user_data_details": json.dumps(self.details) if self.details else None,
        }


def checked_user_data(text: str) -> str:
    """The text if it is base64 of a bearable size; raises ``InvalidParameter`` without repeating it."""
    if not text:
        return ""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidParameter("userdata must be base64", parameter="userdata") from None
    limit = int(USERDATA_MAX_LENGTH.value())
    if len(raw) > limit:
        raise InvalidParameter(f"userdata is {len(raw)} bytes long; at most {limit} are allowed", parameter="userdata")
    return text


def chosen_user_data(
    *, template: Template, owner: Account, text: str, source: UserData | None, details: Mapping[str, str]
) -> UserDataChoice:
    """What a machine of ``template`` gets when its user sends ``text`` or names ``source``.

    What the template brings along is replaced, added to or must be left alone, as its policy says. Raises
    ``InvalidParameter`` for what that policy forbids and for values of variables that do not stand in the text.
    """
    if text and source is not None:
        raise InvalidParameter("give either userdata or userdataid", parameter="userdataid")
    if source is not None and source.account_id != owner.pk:
        raise InvalidParameter(f"user data {source} is another account's than the machine", parameter="userdataid")
    own = checked_user_data(text) or (source.text.reveal() if source else "")
    link = TemplateUserData.objects.select_related("user_data").filter(template=template).first()
    known = set(source.params.split(",")) if source and source.params else set()
    if link is not None:
        if own and link.policy == UserDataPolicy.DENY_OVERRIDE:
            raise InvalidParameter(
                f"template {template} brings user data along that machines may not override; leave userdata out",
                parameter="userdataid" if source else "userdata",
            )
        if not own or link.policy == UserDataPolicy.APPEND:
            known |= set(link.user_data.params.split(",")) if link.user_data.params else set()
            brought = link.user_data.text.reveal()
            own = checked_user_data(both(brought, own)) if own else brought
            source = source or link.user_data
    strange = sorted(set(details) - known)
    if strange:
        there = f"its variables are {', '.join(sorted(known))}" if known else "it has no variables"
        raise InvalidParameter(
            f"userdatadetails names {strange[0]!r}, which the user data has no place for; {there}",
            parameter="userdatadetails",
        )
    return UserDataChoice(text=own, source=source, details=dict(details))


def both(first: str, second: str) -> str:
    """Two base64 texts as the parts of one MIME message, which is how cloud-init takes more than one."""
    message = MIMEMultipart()
    for text in (first, second):
        raw = base64.b64decode(text)
        message.attach(MIMEText(raw.decode("utf-8", "replace"), _kind(raw), "utf-8"))
    return base64.b64encode(message.as_bytes()).decode()


def _kind(raw: bytes) -> str:
    return next((kind for start, kind in BEGINNINGS.items() if raw.lower().startswith(start)), "plain")


class UserDataManager:
    """Keeps texts under names, and links them to templates."""

    def register(self, *, caller: Caller, owner: Account, name: str, text: str, params: str = "") -> UserData:
        """Store base64 ``text``; ``params`` is a comma list of the variables in it. Raises ``InvalidParameter``."""
        name = name.strip()
        if not name:
            raise InvalidParameter("name is empty", parameter="name")
        if not checked_user_data(text):
            raise InvalidParameter("userdata is empty", parameter="userdata")
        variables = [one.strip() for one in params.split(",") if one.strip()]
        for one in variables:
            if not VARIABLE.fullmatch(one):
                raise InvalidParameter(
                    f"params names {one!r}; a variable is made of letters, digits and '_'", parameter="params"
                )
        try:
            with transaction.atomic():
                kept = UserData.objects.create(
                    account=owner,
                    domain_id=owner.domain_id,
                    name=name,
                    text=text,
                    params=",".join(dict.fromkeys(variables)),
                )
                publish(events.REGISTER_USER_DATA, caller=caller, description=f"Register {name}", resource=kept)
        except IntegrityError:
            raise InvalidParameter(f"account {owner} has user data named {name!r} already", parameter="name") from None
        return kept

    @transaction.atomic
    def delete(self, *, caller: Caller, user_data: UserData) -> None:
        """Raises ``ResourceInUse`` while a template brings it along or a machine was given it."""
        UserData.objects.select_for_update().filter(pk=user_data.pk).first()
        link = user_data.template_links.filter(template__removed__isnull=True).select_related("template").first()
        if link is not None:
            raise ResourceInUse(f"user data {user_data} is linked to template {link.template}", parameter="id")
        vm = user_data.vms(manager="objects").first()
        if vm is not None:
            raise ResourceInUse(f"user data {user_data} is that of machine {vm}", parameter="id")
        user_data.mark_removed()
        publish(events.DELETE_USER_DATA, caller=caller, description=f"Delete {user_data}", resource=user_data)

    @transaction.atomic
    def link(self, *, caller: Caller, template: Template, user_data: UserData | None, policy: str = "") -> Template:
        """Machines made of ``template`` from now on get ``user_data``; without it the link is taken away."""
        if user_data is None:
            TemplateUserData.objects.filter(template=template).delete()
            return template
        if user_data.account_id != template.account_id and not caller.is_root_admin:
            raise InvalidParameter(
                f"user data {user_data} and template {template} belong to different accounts", parameter="userdataid"
            )
        TemplateUserData.objects.update_or_create(
            template=template,
            defaults={"user_data": user_data, "policy": policy or UserDataPolicy.ALLOW_OVERRIDE},
        )
        return template
