"""Commands on the second factor of log-in."""

from typing import Any

from apps.accounts.api.responses.second_factor import SecondFactorProviderResponse, SecondFactorSetupResponse
from apps.accounts.models import TwoFactorProvider, User
from apps.accounts.services.second_factor import SecondFactorManager
from cloudstack.api import EVERYONE, Access, BaseCmd, Choice, Flag, Ref, Secret, Str, SuccessResponse
from cloudstack.api.listing import Page
from cloudstack.framework.errors import InvalidParameter

_OWNERS = ("account__role", "domain")


class ListUserTwoFactorAuthenticatorProviders(BaseCmd):
    """Lists the kinds of second factor that a user may set up."""

    roles = EVERYONE
    before_second_factor = "always"
    response = SecondFactorProviderResponse
    list_shaped = True

    provider = Str("name", help="this kind only")

    def execute(self) -> Page:
        kinds = [kind for kind in TwoFactorProvider if not self.provider or kind.value == self.provider.lower()]
        rows = [{"name": kind.value, "description": str(kind.label)} for kind in kinds]
        return Page(rows, len(rows))


class SetupUserTwoFactorAuthentication(BaseCmd):
    """Sets up a second factor for yourself, to be confirmed by its first code, or takes one away."""

    roles = EVERYONE
    before_second_factor = "setup"
    response = SecondFactorSetupResponse

    provider = Choice("provider", TwoFactorProvider, help="totp or staticpin; the domain's default if left out")
    enable = Flag("enable", default=True, help="false takes the second factor away")
    user = Ref(
        "userid",
        User,
        access=Access.MODIFY,
        select_related=_OWNERS,
        help="with enable=false: whose second factor an administrator takes away",
    )

    def execute(self) -> dict[str, Any]:
        user = self.user or User.objects.select_related(*_OWNERS).get(pk=self.caller.user_id)
        manager = SecondFactorManager()
        about = {"id": str(user.uuid), "username": user.username, "accountid": str(user.account.uuid)}
        if not self.enable:
            manager.remove(caller=self.caller, user=user)
            return about
        made = manager.set_up(caller=self.caller, user=user, provider=self.provider)
        return {**about, "secretcode": made.secret, "recoverycodes": made.recovery_codes}


class ValidateUserTwoFactorAuthenticationCode(BaseCmd):
    """Proves the second factor in this session; the first right code of a new factor puts it in force."""

    roles = EVERYONE
    before_second_factor = "always"
    proves_second_factor = True
    changes = False
    """Never tried without effect and never answered from memory: each guess counts."""
    response = SuccessResponse
    bare = True

    code = Secret("codefor2fa", required=True, help="the code, the PIN, or a recovery code")

    def execute(self) -> dict[str, Any]:
        user = User.objects.select_related(*_OWNERS).get(pk=self.caller.user_id)
        code = self.code.reveal().strip()
        if not code:
            raise InvalidParameter("the code is empty", parameter="codefor2fa")
        SecondFactorManager().verify(caller=self.caller, user=user, code=code)
        return {"displaytext": "The second factor is proved"}
