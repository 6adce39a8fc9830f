"""``Idempotency-Key``: a call that is repeated under one key is carried out once and answered twice.

The key is written in the transaction that carries the command out: either both are there or neither. Of two equal
calls at the same moment the second waits for the first. A call that was refused leaves no key, so that it can be
repeated once the reason is gone.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from cloudstack.api.base import BaseCmd
from cloudstack.api.config import IDEMPOTENCY_KEPT_H
from cloudstack.api.params.arguments import Arguments
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.scheduler import scheduled
from cloudstack.framework.secrets import Secret

if TYPE_CHECKING:
    from cloudstack.api.dispatcher import Result
    from cloudstack.api.models import IdempotentCall

_NOT_THE_COMMANDS = frozenset(
    {"command", "apikey", "signature", "signatureversion", "expires", "sessionkey", "response", "idempotencykey"}
)
"""What differs between two calls that ask for the same."""


def recall(key: str, cls: type[BaseCmd], arguments: Arguments, caller: Caller) -> "Result | None":
    """What the caller's call under ``key`` answered; None for a new key. Raises as :func:`once`.

    To be asked before objects are looked for: those that the first call removed are not there any more.
    """
    from cloudstack.api.models import IdempotentCall

    known = IdempotentCall.objects.filter(user_id=caller.user_id, key=key).first()
    return None if known is None else _replayed(known, cls, arguments)


def once(
    key: str, cls: type[BaseCmd], arguments: Arguments, caller: Caller, carry_out: "Callable[[], Result]"
) -> "Result":
    """What ``carry_out`` answers, or what another call answered that used ``key`` meanwhile.

    Raises ``InvalidParameter`` when the key belongs to another call.
    """
    from cloudstack.api.models import IdempotentCall

    mine = {"user_id": caller.user_id, "key": key}
    with transaction.atomic():
        try:
            with transaction.atomic():
                call = IdempotentCall.objects.create(**mine, command=cls.name, fingerprint=fingerprint(cls, arguments))
        except IntegrityError:
            return _replayed(IdempotentCall.objects.get(**mine), cls, arguments)
        result = carry_out()
        stored = {"body": result.body, "rows": result.rows, "count": result.count, "job": result.job_uuid}
        call.answer = Secret(orjson.dumps(stored, option=orjson.OPT_NON_STR_KEYS).decode())
        call.save(update_fields=["answer"])
        return result


def fingerprint(cls: type[BaseCmd], arguments: Arguments) -> str:
    """One text for all calls of the command with the same parameters."""
    texts = {name: text for name, text in arguments.texts.items() if name not in _NOT_THE_COMMANDS}
    maps = {name: {str(index): fields for index, fields in entries.items()} for name, entries in arguments.maps.items()}
    told = orjson.dumps([cls.name, texts, maps], option=orjson.OPT_SORT_KEYS).decode()
    # Under the portal's own key: among the parameters may be a password, and a plain hash of one can be guessed.
    return salted_hmac("cloudstack.api.idempotency", told, algorithm="sha256").hexdigest()


def _replayed(known: "IdempotentCall", cls: type[BaseCmd], arguments: Arguments) -> "Result":
    from cloudstack.api.dispatcher import Result

    if known.fingerprint != fingerprint(cls, arguments):
        raise InvalidParameter(
            f'The idempotency key "{known.key[:80]}" was used for another call ({known.command}, at '
            f"{known.created:%Y-%m-%d %H:%M:%S} UTC)",
            parameter="idempotencykey",
            remedy="use a new key for each call that is not a repetition",
        )
    stored = orjson.loads(known.answer.reveal())
    return Result(cls, stored["body"], stored["rows"], stored["count"], stored["job"], replayed=True)


@scheduled("api.purge_idempotency_keys", every_s=3600)
def purge() -> int:
    """Forget keys that are older than ``api.idempotency.hours``; answers how many."""
    from cloudstack.api.models import IdempotentCall

    before = timezone.now() - timedelta(hours=int(IDEMPOTENCY_KEPT_H.value()))
    return IdempotentCall.objects.filter(created__lt=before).delete()[0]
