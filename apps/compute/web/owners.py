"""Whose a thing is, for commands that find it by its name."""

from typing import Any

from apps.compute.web.words import Row


def owner_of(row: Row) -> dict[str, Any]:
    """The parameters that name the owner of ``row``; an empty project keeps the session's one out of it."""
    if row.get("projectid"):
        return {"projectid": row["projectid"]}
    return {"projectid": "", "account": row["account"], "domainid": row["domainid"]}


def named(row: Row) -> dict[str, Any]:
    return {"name": row["name"], **owner_of(row)}


def by_id(row: Row) -> dict[str, Any]:
    return {"id": row["id"], "projectid": row.get("projectid", "")}
