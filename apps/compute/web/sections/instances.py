"""Machines on the users' pages."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from apps.compute.web import words
from apps.compute.web.deploying import DEPLOY
from apps.compute.web.operations import OPERATIONS, alive
from apps.compute.web.panels import PANELS
from cloudstack.pages import Column, Filter, Kind, Listed, Operation, Option, Section, register
from cloudstack.pages.quotas import OF_MACHINES, quotas_of

STATES = tuple(
    Option(state, label)
    for state, label in (
        ("Running", _("running")),
        ("Stopped", _("stopped")),
        ("Starting", _("starting")),
        ("Stopping", _("stopping")),
        ("Migrating", _("moving")),
        ("Error", _("error")),
        ("Destroyed", _("destroyed")),
    )
)
LEASE_ENDS = {"STOP": _("then it is stopped"), "DESTROY": _("then it is destroyed")}


def _lease(row: Mapping[str, Any]) -> str:
    days = row.get("leaseduration")
    if days is None:
        return ""
    return _("%(days)s days, %(end)s") % {"days": days, "end": LEASE_ENDS.get(row.get("leaseexpiryaction", ""), "")}


@register
class Instances(Section):
    slug = "instances"
    title = _("Instances")
    singular = _("instance")
    group = _("Compute")
    order = 10
    icon = "server"
    help = _("Virtual machines: computers of your own, made from a template in a size of your choice.")
    empty = _("Make your first one: choose a template and a size, everything else can stay as it is.")
    lists = "listVirtualMachines"
    list_params = {"details": "nics,servoff"}
    columns = (
        Column(
            wire="displayname",
            label=_("Name"),
            value=lambda row: row.get("displayname") or row.get("name"),
            needs=("name", "displayname"),
        ),
        Column(wire="state", label=_("State"), kind=Kind.STATE),
        Column(
            wire="ipaddress",
            label=_("Address"),
            kind=Kind.CODE,
            value=lambda row: row.get("ipaddress"),
            # The address is read from the cards.
            needs=("ipaddress", "nic"),
        ),
        Column(
            wire="memory",
            label=_("Size"),
            value=words.size,
            needs=("cpunumber", "memory"),
            wide=True,
        ),
        Column(wire="zonename", label=_("Zone"), wide=True),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN, wide=True),
    )
    filters = (
        Filter(wire="state", label=_("State"), options=STATES),
        Filter(wire="zoneid", label=_("Zone"), options=Listed(command="listZones")),
        Filter(wire="groupid", label=_("Group"), options=Listed(command="listInstanceGroups")),
    )
    facts = (
        Column(wire="id", label=_("ID"), kind=Kind.CODE),
        Column(wire="ipaddress", label=_("Address"), kind=Kind.CODE),
        Column(wire="publicip", label=_("Public address"), kind=Kind.CODE),
        Column(wire="name", label=_("Host name"), kind=Kind.CODE),
        Column(wire="serviceofferingname", label=_("Offering")),
        Column(wire="cpunumber", label=_("Size"), value=words.size),
        Column(wire="zonename", label=_("Zone")),
        Column(wire="templatename", label=_("Image"), to=("templates", "templateid")),
        Column(wire="osdisplayname", label=_("Operating system")),
        Column(wire="isoname", label=_("Disc in its drive")),
        Column(wire="keypairs", label=_("SSH keys")),
        Column(wire="userdataname", label=_("User data"), to=("user-data", "userdataid")),
        Column(wire="group", label=_("Group")),
        Column(wire="affinitygroup", label=_("Affinity groups")),
        Column(wire="haenable", label=_("Restarted elsewhere when its host fails"), kind=Kind.YES_NO),
        Column(wire="deleteprotection", label=_("Protected"), kind=Kind.YES_NO),
        Column(wire="leaseexpirydate", label=_("Lease"), value=_lease),
        Column(wire="username", label=_("Made by")),
        Column(wire="project", label=_("Project")),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN),
        Column(wire="lastupdated", label=_("Changed"), kind=Kind.WHEN),
    )
    panels = PANELS
    create = DEPLOY
    operations = OPERATIONS

    def one(self, uuid: str) -> Mapping[str, str]:
        return {"details": "nics,servoff,tmpl,iso,affgrp,group", "id": uuid}

    def links(self, request: HttpRequest, row: Mapping[str, Any]) -> list[tuple[Any, str, str]]:
        if not alive(row):
            return []
        try:
            return [(_("Console"), reverse("console", args=[row["id"]]), "screen")]
        except NoReverseMatch:
            return []

    def form_context(self, request: HttpRequest, operation: Operation, context: Mapping[str, Any]) -> Mapping[str, Any]:
        if operation is not DEPLOY:
            return {}
        # The bars say what the plan's table would.
        quotas = quotas_of(request, OF_MACHINES, context.get("plan"))
        return {"quotas": quotas, "counters": [] if quotas else context.get("counters", [])}
