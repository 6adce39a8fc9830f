"""Who signs, who logs in, and what roles admit: the accounts app's answer to the API layer."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import HttpRequest

from apps.accounts import selectors
from apps.accounts.config import API_KEY_ACCESS, TWO_FACTOR_ISSUER
from apps.accounts.models import Project
from apps.accounts.models.domain import ROOT_PATH
from apps.accounts.models.user import path_from_text
from apps.accounts.services.login import check_login, record_login, record_logout
from apps.accounts.services.role_rules import allowed_in, rules_of, within_projects
from apps.accounts.services.second_factor import missing_step
from apps.accounts.services.tokens import hash_of, note_use
from cloudstack.api import guard
from cloudstack.api.addresses import client_address
from cloudstack.api.authentication import KeyHolder, LoggedIn, LoginResult
from cloudstack.api.entities import entity_for
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import PermissionDenied

if TYPE_CHECKING:
    from cloudstack.api.base import BaseCmd


class AccountsAuthenticator:
    """See :class:`cloudstack.api.authentication.Authenticator`."""

    def caller_by_key(self, api_key: str, *, address: str = "") -> KeyHolder | None:
        return selectors.caller_by_key(api_key=api_key, address=address, keys_by_default=API_KEY_ACCESS.value)

    def caller_by_token(self, token: str) -> Caller | None:
        found = selectors.caller_by_token(token_hash=hash_of(token))
        if found is None:
            return None
        caller, key, last_used = found
        note_use(key, last_used)
        return caller

    def caller_by_user(self, user_id: int) -> Caller | None:
        return selectors.caller_by_user(user_id=user_id)

    def logged_in(self, user_id: int, *, mark: str) -> LoggedIn | None:
        found = selectors.logged_in(user_id=user_id, mark=mark)
        if found is None:
            return None
        caller, provider, mandated = found
        return LoggedIn(caller, missing_step(provider=provider, domain_uuid=caller.domain_uuid, of_user=mandated))

    def login(
        self,
        username: str,
        password: str,
        *,
        domain_path: str | None = None,
        domain_uuid: str | None = None,
        request: HttpRequest | None = None,
    ) -> LoginResult:
        path = path_from_text(domain_path) if domain_path else ROOT_PATH
        address = client_address(request) if request is not None else ""
        user = check_login(
            username=username,
            password=password,
            domain_path=path,
            domain_uuid=domain_uuid,
            address=address,
        )
        if user is None:
            raise PermissionDenied("Failed to authenticate: user name, password or domain is not right")
        caller = selectors.caller_of(user)
        # Who is turned away at the door has not logged in: no event says so.
        guard.check_source(caller, address)
        record_login(user)
        return LoginResult(
            caller=caller,
            firstname=user.first_name,
            lastname=user.last_name,
            timezone=user.timezone,
            mark=selectors.session_mark(user.password, user.session_round),
            lacks=missing_step(
                provider=user.second_factor, domain_uuid=user.domain.uuid, of_user=user.second_factor_mandated
            ),
            second_factor=user.second_factor,
            second_factor_issuer=TWO_FACTOR_ISSUER.value(user.domain.uuid),
        )

    def logout(self, user_id: int) -> None:
        record_logout(user_id)

    def is_allowed(self, caller: Caller, command: "type[BaseCmd]") -> bool:
        return rules_of(caller.role_id, caller.role_version).allows(command)

    def is_unrestricted(self, caller: Caller) -> bool:
        return rules_of(caller.role_id, caller.role_version).unrestricted

    def allowed_in_project(self, caller: Caller, project_uuid: str) -> "Callable[[type[BaseCmd]], bool]":
        project = entity_for(Project).get(caller=caller, uuid=project_uuid, parameter="projectid")
        return lambda command: allowed_in(caller, project, command)

    def acting(self, caller: Caller, command: "type[BaseCmd]") -> Caller:
        return within_projects(caller, command)
