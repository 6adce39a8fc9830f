"""Commands for who has forgotten the password and so cannot log in."""

from typing import Any

from apps.accounts import password_config
from apps.accounts.models.domain import ROOT_PATH
from apps.accounts.models.user import path_from_text
from apps.accounts.services import password_reset
from cloudstack.api import BOOL, BaseCmd, Field, Secret, Str, SuccessResponse
from cloudstack.framework.context import source_address
from cloudstack.framework.errors import InvalidParameter


class ForgotPasswordResponse(SuccessResponse):
    enabled = Field(type=BOOL, help="whether passwords can be reset by mail; in the answer to a call without username")


class _Forgotten(BaseCmd):
    abstract = True
    anonymous = True
    changes = False
    """Asked by nobody in particular, so neither planned nor kept for a repetition."""
    bare = True

    domain = Str("domain", max_length=1000, help="path of the user's domain; ROOT if left out")

    def path(self) -> str:
        return path_from_text(self.domain) if self.domain else ROOT_PATH


class ForgotPassword(_Forgotten):
    """Has a link for a new password mailed to a user; answers the same whether or not there is such a user."""

    response = ForgotPasswordResponse

    username = Str("username", help="name of the user; left out, the answer only says whether this is possible here")

    def execute(self) -> dict[str, Any]:
        if not self.username:
            if not password_config.RESET_ENABLED.value():
                raise InvalidParameter("Forgotten passwords are not reset by mail here", parameter="username")
            return {"success": True, "enabled": True}
        password_reset.ask_for_link(username=self.username, domain_path=self.path(), address=source_address())
        return {"success": True, "displaytext": "If there is such a user with a mail address, a link is on its way"}


class ResetPassword(_Forgotten):
    """Sets a new password with the token of a mail that forgotPassword sent. POST only."""

    response = SuccessResponse

    username = Str("username", required=True, help="name of the user")
    token = Secret("token", required=True, help="the token in the link of the mail")
    password = Secret("password", required=True, max_length=1024, help="the new password")

    def execute(self) -> dict[str, Any]:
        password_reset.reset_password(
            username=self.username,
            domain_path=self.path(),
            token=self.token.reveal(),
            password=self.password.reveal(),
        )
        return {"displaytext": "The new password is set"}
