"""One's own user: who one is, how one signs in, and what one's programs sign in with."""

import zoneinfo
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cloudstack.pages import Column, Input, Kind, Operation, Option, Panel, Section, register
from cloudstack.pages.sections import Row


class TimeZones(Sequence[Option]):
    """Those that are named after places; looked for when a form first shows them."""

    @cached_property
    def _all(self) -> list[Option]:
        named = (name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
        return [Option(name, name.replace("_", " ")) for name in ("UTC", *sorted(named))]

    def __getitem__(self, index: Any) -> Any:
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)


def _mine(row: Row) -> Mapping[str, Any]:
    return {"userid": row["id"]}


_SPAN = (
    Input(
        wire="enddate",
        label=_("Until"),
        help=_("From this day on it does not work any more, for example 2027-01-31. Empty: until you delete it."),
        placeholder=_("2027-01-31"),
    ),
)
_NETWORKS = Input(
    wire="cidrlist",
    label=_("Networks"),
    help=_("Requests are taken from these networks only, separated by commas: 192.0.2.0/24. Empty: from everywhere."),
    advanced=True,
)

KEYS = Panel(
    title=_("API keys"),
    command="listUserKeys",
    params=_mine,
    columns=(
        Column(wire="name", label=_("Name"), value=lambda row: row.get("name") or _("main key"), needs=("name",)),
        Column(wire="apikey", label=_("Key"), kind=Kind.CODE, value=lambda row: f"{row['apikey'][:12]}…"),
        Column(wire="state", label=_("State"), kind=Kind.STATE),
        Column(wire="description", label=_("What for"), wide=True),
        Column(wire="cidrlist", label=_("Networks"), kind=Kind.CODE, wide=True),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN, wide=True),
        Column(wire="enddate", label=_("Until"), kind=Kind.WHEN),
    ),
    adds=(
        Operation(
            command="registerUserKeys",
            label=_("New API key"),
            help=_("Programs sign their requests with it and may then do what you may do. The secret is shown once."),
            inputs=(
                Input(wire="name", label=_("Name"), required=True, help=_("By which you will know it again.")),
                Input(wire="description", label=_("What for")),
                *_SPAN,
                _NETWORKS,
            ),
            shows_once=True,
            once={"apikey": _("API key"), "secretkey": _("Secret key")},
        ),
    ),
    operations=(
        Operation(
            command="updateUserKeys",
            label=_("Disable"),
            fixed={"enabled": "false"},
            danger=False,
            suits=lambda row: row.get("state") in ("enabled", "pending"),
        ),
        Operation(
            command="updateUserKeys",
            label=_("Enable"),
            fixed={"enabled": "true"},
            danger=False,
            suits=lambda row: row.get("state") == "disabled",
        ),
        Operation(
            command="deleteUserKeys", label=_("Delete"), help=_("Programs that use it are refused from then on.")
        ),
    ),
    empty=_("You have none. Programs that use the command API need one."),
)
TOKENS = Panel(
    title=_("Access tokens"),
    command="listUserTokens",
    params=_mine,
    columns=(
        Column(wire="name", label=_("Name")),
        Column(wire="hint", label=_("Begins with"), kind=Kind.CODE),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN, wide=True),
        Column(wire="lastused", label=_("Last used"), kind=Kind.WHEN, wide=True),
        Column(wire="enddate", label=_("Until"), kind=Kind.WHEN),
    ),
    adds=(
        Operation(
            command="createUserToken",
            label=_("New access token"),
            help=_("For the REST API: whoever has it may do what you may do. It is shown once."),
            params=lambda row: {},
            inputs=(
                Input(wire="name", label=_("Name"), help=_("By which you will know it again.")),
                *_SPAN,
            ),
            shows_once=True,
            once={"token": _("Access token")},
        ),
    ),
    operations=(
        Operation(
            command="deleteUserToken", label=_("Revoke"), help=_("Programs that use it are refused from then on.")
        ),
    ),
    empty=_("You have none. They open the REST API to scripts without a signature."),
)


@register
class Profile(Section):
    """Its address without a UUID is one's own page; others have none."""

    slug = "profile"
    title = _("Your profile")
    singular = _("Your profile")
    lists = "listUsers"
    columns = (Column(wire="username", label=_("User name")),)
    facts = (
        Column(wire="username", label=_("User name")),
        Column(
            wire="firstname",
            label=_("Name"),
            value=lambda row: f"{row.get('firstname', '')} {row.get('lastname', '')}".strip(),
        ),
        Column(wire="email", label=_("E-mail")),
        Column(wire="timezone", label=_("Time zone")),
        Column(wire="account", label=_("Account")),
        Column(wire="domain", label=_("Domain")),
        Column(wire="rolename", label=_("Role")),
    )
    panels = (KEYS, TOKENS)
    operations = (
        Operation(
            command="updateUser",
            label=_("Change"),
            icon="edit",
            inputs=(
                Input(wire="firstname", label=_("First name"), initial=lambda row: row.get("firstname")),
                Input(wire="lastname", label=_("Last name"), initial=lambda row: row.get("lastname")),
                Input(wire="email", label=_("E-mail"), initial=lambda row: row.get("email")),
                Input(
                    wire="timezone",
                    label=_("Time zone"),
                    help=_("Times on these pages are shown in it."),
                    options=TimeZones(),
                    initial=lambda row: row.get("timezone"),
                    unset=_("that of the cloud"),
                ),
            ),
            done=_("Your profile is changed."),
        ),
    )

    def title_of(self, row: Row) -> str:
        return str(self.title)

    def links(self, request: Any, row: Row) -> list[tuple[Any, str, str]]:
        return [
            (_("Change password"), reverse("portal:password"), "lock"),
            (_("Second factor"), reverse("portal:second-factor"), "key"),
            (_("Sign out everywhere"), reverse("portal:sessions"), "person"),
        ]
