"""How many calls an account may still make."""

from typing import Any

from apps.accounts.models import Account
from cloudstack.api import EVERYONE, INT, ROOT, STRING, BaseCmd, Field, Ref, Response, SuccessResponse, guard
from cloudstack.api.config import THROTTLING_INTERVAL_S, THROTTLING_MAX
from cloudstack.framework import counting


class ApiLimitResponse(Response):
    object_name = "apilimit"

    accountid = Field(type=STRING, help="UUID of the account")
    account = Field(type=STRING, help="name of the account")
    apiIssued = Field(type=INT, help="calls made in the running interval; 0 where calls are not counted")
    apiAllowed = Field(type=INT, help="calls that are left in it; -1 is no limit")
    expireAfter = Field(type=INT, help="milliseconds until the interval ends; 0 where calls are not counted")


class GetApiLimit(BaseCmd):
    """Tells how many calls your account has made in the running interval, and how many are left."""

    roles = EVERYONE
    response = ApiLimitResponse

    def execute(self) -> dict[str, Any]:
        caller = self.caller
        issued, left, ends_in_ms = 0, -1, 0
        if guard.is_throttled(caller):
            subject = guard.subject_of(caller.account_uuid)
            issued, window = counting.so_far(subject, int(THROTTLING_INTERVAL_S.value()))
            left = max(0, int(THROTTLING_MAX.value()) - issued)
            ends_in_ms = int(window.ends_in_s * 1000)
        return {
            "accountid": caller.account_uuid,
            "account": caller.account_name,
            "apiIssued": issued,
            "apiAllowed": left,
            "expireAfter": ends_in_ms,
        }


class ResetApiLimit(BaseCmd):
    """Lets an account, or every account, begin to count its calls anew."""

    roles = ROOT
    response = SuccessResponse

    account = Ref("account", Account, help="UUID of the account; all accounts if left out")

    def execute(self) -> None:
        named = [self.account.uuid] if self.account else Account.objects.values_list("uuid", flat=True)
        subjects = [guard.subject_of(str(uuid)) for uuid in named]
        counting.forget(*subjects, length_s=int(THROTTLING_INTERVAL_S.value()))
