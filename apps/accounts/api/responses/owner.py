"""Who owns a thing, as every response about owned things shows it."""

from collections.abc import Callable, Sequence
from typing import Any

from apps.accounts.models.domain import shown_path
from cloudstack.api import STRING, Field, Response


def owner_at(path: str, *, shown: Callable[[Any], bool] | None = None, needs: Sequence[str] = ()) -> list[Field]:
    """``account``, ``projectid`` and ``project`` of the account at ``path``: the first or the other two are shown.

    ``shown(row)``, which reads ``needs``, says whether the account is told at all.
    """
    name, project = f"{path}__name", f"{path}__project__name"

    def account(row: Any) -> str | None:
        return row[name] if row[project] is None and (shown is None or shown(row)) else None

    return [
        Field(
            compute=account,
            needs=(name, project, *needs),
            type=STRING,
            help="account that owns it, unless a project does",
        ),
        Field(f"{path}__project__uuid", help="project that owns it"),
        Field(project, help="name of that project"),
    ]


class OwnerFields(Response):
    """For models of :class:`apps.accounts.models.OwnedModel`: an account or a project, and its domain."""

    account, projectid, project = owner_at("account")
    domainid = Field("domain__uuid", help="domain of its owner")
    domain = Field("domain__name", help="name of that domain")
    domainpath = Field(
        compute=lambda row: shown_path(row["domain__path"]),
        needs=("domain__path",),
        type=STRING,
        help="path of that domain, such as ROOT/sales",
    )
