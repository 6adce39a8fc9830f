"""Invitations: an account, a user or whoever reads a mail box is asked to join a project."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, get_random_string

from apps.accounts import events
from apps.accounts.config import (
    INVITE_REQUIRED,
    INVITE_TIMEOUT,
    MAIL_HOST,
    MAIL_PASSWORD,
    MAIL_PORT,
    MAIL_SENDER,
    MAIL_STARTTLS,
    MAIL_USER,
)
from apps.accounts.models import Account, MemberRole, Project, ProjectInvitation, ProjectRole, User
from apps.accounts.services.mail import MailServer, send_mail
from apps.accounts.services.names import ensure_email
from apps.accounts.services.project_jobs import done, submit
from apps.accounts.services.project_membership import ensure_takes_members, join
from apps.accounts.services.state_machines import INVITATION_FSM
from apps.accounts.states import InvitationState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, StaleState
from cloudstack.framework.jobs import AsyncJob

TOKEN_LENGTH = 32


def invitation_wanted(email: str) -> bool:
    """Whether somebody joins by invitation only."""
    return bool(email) or bool(INVITE_REQUIRED.value())


def invite(
    *,
    caller: Caller,
    project: Project,
    account: Account | None = None,
    user: User | None = None,
    email: str = "",
    role: MemberRole,
    project_role: ProjectRole | None,
    event_type: str,
) -> AsyncJob:
    """An invitation in the running transaction; a job sends the mail, if there is an address."""
    if email:
        email = ensure_email(email)
        if not MAIL_HOST.value() or not MAIL_SENDER.value():
            raise InvalidParameter(
                f"nobody can be invited by mail: {MAIL_HOST.name} and {MAIL_SENDER.name} are not set",
                parameter="email",
            )
    same = open_invitations(project.invitations.all())
    same = same.filter(account=account, user=user) if account is not None else same.filter(email=email)
    if same.exists():
        raise InvalidParameter(
            f"{user or account or email} has been invited to project {project} already",
            parameter="account" if account is not None else "email",
        )
    invitation = ProjectInvitation.objects.create(
        project=project, account=account, user=user, email=email, role=role, project_role=project_role
    )
    text = f"invite {email or user or account} to project {project}"
    if not email:
        return done(caller, project, event_type, text)
    return submit("accounts.project.invite", caller, project, event_type, text, invitation_uuid=str(invitation.uuid))


def renew_token(invitation: ProjectInvitation) -> str:
    """Give the invitation another token, in the running transaction: only the last mail counts.

    Raises ``StaleState`` when it has been answered or taken back.
    """
    token = get_random_string(TOKEN_LENGTH)
    pending = ProjectInvitation.objects.filter(pk=invitation.pk, state=InvitationState.PENDING)
    if not pending.update(token=token):
        raise StaleState(f"the {invitation} was taken back")
    return token


def mail_invitation(invitation: ProjectInvitation, token: str) -> None:
    """Raises ``ResourceUnavailable`` with the words of the mail server."""
    project = invitation.project
    server = MailServer(
        host=MAIL_HOST.value(),
        port=MAIL_PORT.value(),
        username=MAIL_USER.value(),
        password=MAIL_PASSWORD.value(),
        starttls=MAIL_STARTTLS.value(),
    )
    send_mail(
        server,
        sender=MAIL_SENDER.value(),
        to=invitation.email,
        subject=f"You are invited to join the project {project.name}",
        text=(
            f"You are invited to join the project {project.name}.\n\n"
            f"Project ID: {project.uuid}\nToken: {token}\n\n"
            "Answer with updateProjectInvitation, giving both, or in the portal.\n"
        ),
    )


class ProjectInvitationManager:
    """Answers invitations and takes them back."""

    @transaction.atomic
    def answer(
        self,
        *,
        caller: Caller,
        project_uuid: str,
        account: Account,
        user: User | None = None,
        token: str = "",
        accept: bool = True,
    ) -> AsyncJob:
        """Accept or decline for ``account`` or ``user``: the invitation that names it, or the one of ``token``.

        Raises ``InvalidParameter`` when there is none that can still be answered.
        """
        invitation = self._found(project_uuid, account, user, token)
        project = invitation.project
        if not accept:
            INVITATION_FSM.fire(invitation, "decline")
            return self._answered(caller, project, f"decline the invitation to project {project}")
        ensure_takes_members(project, invitation.project_role)
        whom = user if token else invitation.user
        INVITATION_FSM.fire(invitation, "accept")
        join(
            project,
            account=account,
            user=whom,
            role=MemberRole(invitation.role),
            project_role=invitation.project_role,
        )
        return self._answered(caller, project, f"{whom or account} joins project {project}")

    def _answered(self, caller: Caller, project: Project, text: str) -> AsyncJob:
        return done(caller, project, events.PROJECT_INVITATION_UPDATE, text, for_caller=True)

    def _found(self, project_uuid: str, account: Account, user: User | None, token: str) -> ProjectInvitation:
        rows = open_invitations(ProjectInvitation.objects.filter(project__uuid=project_uuid))
        rows = rows.filter(project__removed__isnull=True).select_related("project__domain", "project_role", "user")
        if token:
            found = [one for one in rows.exclude(token="") if constant_time_compare(one.token.reveal(), token)]
        elif user is not None:
            found = list(rows.filter(user=user))
        else:
            found = list(rows.filter(account=account, user=None))
        if not found:
            whom = "with this token" if token else f"of {user or account}"
            raise InvalidParameter(
                f"there is no invitation {whom} to project {project_uuid} that can be answered",
                parameter="token" if token else "projectid",
            )
        return found[0]

    @transaction.atomic
    def withdraw(self, *, caller: Caller, invitation: ProjectInvitation) -> AsyncJob:
        """Take an invitation back, whether answered or not."""
        project = invitation.project
        ProjectInvitation.objects.filter(pk=invitation.pk).delete()
        return done(
            caller,
            project,
            events.PROJECT_INVITATION_REMOVE,
            f"delete the {invitation}",
        )


def open_invitations(rows: QuerySet[ProjectInvitation]) -> QuerySet[ProjectInvitation]:
    """Those that can still be answered."""
    return rows.filter(state=InvitationState.PENDING, created__gt=_oldest())


def expire_invitations() -> int:
    """Mark those that nobody answered in time; how many."""
    return ProjectInvitation.objects.filter(created__lte=_oldest(), state=InvitationState.PENDING).update(
        state=InvitationState.EXPIRED
    )


def _oldest() -> datetime:
    return timezone.now() - timedelta(seconds=INVITE_TIMEOUT.value())
