"""State machines of the accounts app; each change leaves an event, whoever asked for it."""

from django.db import models

from apps.accounts import events
from apps.accounts.models import Account, User
from apps.accounts.states import (
    ACCOUNT_TRANSITIONS,
    DOMAIN_TRANSITIONS,
    INVITATION_TRANSITIONS,
    PROJECT_TRANSITIONS,
    ROLE_TRANSITIONS,
    USER_TRANSITIONS,
    AccountState,
    DomainState,
    RoleState,
)
from cloudstack.framework.events.bus import publish
from cloudstack.framework.fsm import StateMachine

_ACCOUNT_EVENTS = {
    AccountState.ENABLED: events.ACCOUNT_ENABLE,
    AccountState.DISABLED: events.ACCOUNT_DISABLE,
    AccountState.LOCKED: events.ACCOUNT_LOCK,
}
_USER_EVENTS = {
    AccountState.ENABLED: events.USER_ENABLE,
    AccountState.DISABLED: events.USER_DISABLE,
    AccountState.LOCKED: events.USER_LOCK,
}
_ROLE_EVENTS = {RoleState.ENABLED: events.ROLE_ENABLE, RoleState.DISABLED: events.ROLE_DISABLE}


def _account_changed(account: models.Model, old: str, new: str) -> None:
    assert isinstance(account, Account)  # noqa: S101 - narrows the type
    publish(
        _ACCOUNT_EVENTS[AccountState(new)],
        description=f"account {account.name}: {old} → {new}",
        resource=account,
        account_uuid=account.uuid,
    )


def _user_changed(user: models.Model, old: str, new: str) -> None:
    assert isinstance(user, User)  # noqa: S101 - narrows the type
    publish(_USER_EVENTS[AccountState(new)], description=f"user {user.username}: {old} → {new}", resource=user)


def _role_changed(role: models.Model, old: str, new: str) -> None:
    publish(_ROLE_EVENTS[RoleState(new)], description=f"role {role}: {old} → {new}", resource=role)


ACCOUNT_FSM = StateMachine(ACCOUNT_TRANSITIONS, on_change=_account_changed)
USER_FSM = StateMachine(USER_TRANSITIONS, on_change=_user_changed)
ROLE_FSM = StateMachine(ROLE_TRANSITIONS, on_change=_role_changed)
DOMAIN_FSM = StateMachine(DOMAIN_TRANSITIONS, transitional={DomainState.INACTIVE})
PROJECT_FSM = StateMachine(PROJECT_TRANSITIONS)
INVITATION_FSM = StateMachine(INVITATION_TRANSITIONS)
