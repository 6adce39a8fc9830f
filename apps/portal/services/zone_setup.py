"""Set-ups of zones: what operators have filled in, and what has been made of it."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.apps import apps
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from apps.infrastructure.models import Zone
from apps.portal.models import ZoneSetup
from apps.portal.selectors.zone_checks import MISSING, WAIT, Check
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter

MOST_MADE = 500
"""Things that one set-up remembers: far more than are made by hand."""
_CREDENTIALS_IN_ADDRESS = re.compile(r"://[^/\s]*:[^/\s]*@")


class ZoneSetupManager:
    """Keeps set-ups. What a step makes, the commands of the API make."""

    def opened(self, *, caller: Caller, uuid: UUID) -> ZoneSetup:
        """The set-up of that UUID, locked until the transaction ends, and begun if nobody has begun it."""
        ZoneSetup.objects.get_or_create(uuid=uuid, defaults={"user_id": caller.user_id})
        return ZoneSetup.objects.select_for_update(of=("self",)).select_related("zone").get(uuid=uuid)

    @transaction.atomic
    def take_up(self, *, caller: Caller, zone: Zone) -> ZoneSetup:
        """The set-up of a zone that is there already: the one under way, or else a new one."""
        Zone.objects.select_for_update(of=("self",)).get(pk=zone.pk)
        known = ZoneSetup.objects.filter(zone=zone, launched__isnull=True).order_by("-updated").first()
        return known or ZoneSetup.objects.create(user_id=caller.user_id, zone=zone, name=zone.name, step="zone")

    @transaction.atomic
    def note(self, *, caller: Caller, setup: ZoneSetup, step: str, section: str, answers: Mapping[str, str]) -> None:
        """Keep what was filled in and is not made. Passwords must not be among ``answers``, nor are they in addresses.

        Empty ``answers`` forget what was kept.
        """
        kept = {name: text for name, text in answers.items() if text and not _CREDENTIALS_IN_ADDRESS.search(text)}
        if kept:
            setup.answers[section] = kept
        else:
            setup.answers.pop(section, None)
        if setup.zone_id is None and "name" in kept:
            setup.name = kept["name"][:255]
        self._save(setup, step)

    @transaction.atomic
    def made(
        self, *, caller: Caller, setup: ZoneSetup, step: str, section: str, asked: Mapping[str, str], obj: Model
    ) -> None:
        """Remember that ``section`` made ``obj`` of ``asked``, which holds no secret."""
        entry = {
            "section": section,
            "fingerprint": fingerprint(section, asked),
            "kind": obj._meta.label,
            "uuid": str(obj.uuid),  # type: ignore[attr-defined]
            "name": str(obj)[:255],
        }
        setup.made = [*setup.made, entry][-MOST_MADE:]
        setup.answers.pop(section, None)
        if isinstance(obj, Zone):
            setup.zone, setup.name = obj, obj.name
        self._save(setup, step)

    def already_made(self, *, caller: Caller, setup: ZoneSetup, section: str, asked: Mapping[str, str]) -> Model | None:
        """What ``section`` made when the very same was asked for, if that is still there."""
        wanted = fingerprint(section, asked)
        for entry in reversed(setup.made):
            if entry["fingerprint"] == wanted:
                model: Any = apps.get_model(entry["kind"])
                found: Model | None = model.objects.filter(uuid=entry["uuid"]).first()
                return found
        return None

    @transaction.atomic
    def launched(self, *, caller: Caller, setup: ZoneSetup) -> None:
        """Note that the zone takes machines: the set-up is over."""
        setup.launched = setup.launched or timezone.now()
        setup.answers = {}
        self._save(setup, "launch")

    @transaction.atomic
    def forget(self, *, caller: Caller, setup: ZoneSetup) -> None:
        """Give a set-up up. What it made stays in the cloud."""
        ZoneSetup.objects.filter(pk=setup.pk).delete()

    def _save(self, setup: ZoneSetup, step: str) -> None:
        setup.step = step
        setup.updated = timezone.now()
        setup.save(update_fields=["zone", "name", "step", "answers", "made", "updated", "launched"])


def ensure_ready(checks: list[Check]) -> None:
    """Raises ``InvalidParameter`` with all that a zone lacks before it can take machines."""
    lacks = [check.says for check in checks if check.state in (MISSING, WAIT)]
    if lacks:
        raise InvalidParameter(f"the zone is not ready: {'; '.join(lacks)}")


def fingerprint(section: str, asked: Mapping[str, str]) -> str:
    """The same for the same things asked for."""
    text = orjson.dumps([section, sorted((name, value) for name, value in asked.items() if value)])
    return hashlib.sha256(text).hexdigest()[:32]
