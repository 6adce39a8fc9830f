"""Projects: several accounts work on things that belong to none of them, but to the project's own account."""

from django.db import models

from apps.accounts.models.account import Account
from apps.accounts.models.domain import Domain
from apps.accounts.models.role import Permission
from apps.accounts.models.user import User
from apps.accounts.states import InvitationState, ProjectState
from cloudstack.framework.models import CloudModel, PublicModel
from cloudstack.framework.search import text_indexes
from cloudstack.framework.secrets import EncryptedField


class MemberRole(models.TextChoices):
    """What a member is to the project, as clients write it."""

    ADMIN = "Admin", "Admin"
    REGULAR = "Regular", "Regular"


class Project(CloudModel):
    """A group of accounts and users around an account that nobody logs in to and that owns their common things."""

    name = models.CharField(max_length=255)
    display_text = models.CharField(max_length=255, blank=True, default="")
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="projects")
    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="project", editable=False)
    """Its type is PROJECT. What lists and quotas know of the project's things is theirs by this account."""
    state = models.CharField(max_length=16, choices=ProjectState, default=ProjectState.DISABLED, editable=False)

    class Meta(CloudModel.Meta):
        indexes = [
            *text_indexes("project", "name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("domain", "name"),
                condition=models.Q(removed__isnull=True),
                name="project_name_once_per_domain",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProjectRole(PublicModel):
    """What regular members that have it may call on the project's things, beyond what their own role says."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="roles")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)
    """Grows with each change of the rules: key of every cache of them."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=("project", "name"), name="project_role_name_once_per_project")]

    def __str__(self) -> str:
        return self.name


class ProjectRolePermission(PublicModel):
    """One rule of a project role. The first that matches a command decides; without one it is allowed."""

    role = models.ForeignKey(ProjectRole, on_delete=models.CASCADE, related_name="permissions")
    rule = models.CharField(max_length=255)
    """Name of a command; ``*`` stands for any letters and digits; case does not matter."""
    permission = models.CharField(max_length=8, choices=Permission)
    position = models.PositiveIntegerField(default=0)
    description = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("role_id", "position", "id")
        constraints = [models.UniqueConstraint(fields=("role", "rule"), name="rule_once_per_project_role")]

    def __str__(self) -> str:
        return f"{self.permission} {self.rule}"


class ProjectMember(models.Model):
    """A whole account in a project, or one user of it. What is said of a user wins over what is said of the account."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="members")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    """That of the user, if the member is a user."""
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=MemberRole, default=MemberRole.REGULAR)
    project_role = models.ForeignKey(
        ProjectRole, null=True, blank=True, on_delete=models.PROTECT, related_name="members"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("project", "account"),
                condition=models.Q(user__isnull=True),
                name="account_once_per_project",
            ),
            models.UniqueConstraint(
                fields=("project", "user"), condition=models.Q(user__isnull=False), name="user_once_per_project"
            ),
        ]

    def __str__(self) -> str:
        who = f"user {self.user}" if self.user_id else f"account {self.account}"
        return f"{who} in project {self.project}"


class ProjectInvitation(PublicModel):
    """An account, a user or whoever reads a mail box is asked to join a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.CASCADE, related_name="invitations")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="invitations")
    email = models.CharField(max_length=254, blank=True, default="")
    token = EncryptedField(blank=True, default="", editable=False)
    """What the mail holds: whoever shows it may answer."""
    role = models.CharField(max_length=8, choices=MemberRole, default=MemberRole.REGULAR)
    project_role = models.ForeignKey(
        ProjectRole, null=True, blank=True, on_delete=models.CASCADE, related_name="invitations"
    )
    state = models.CharField(max_length=16, choices=InvitationState, default=InvitationState.PENDING, editable=False)

    class Meta:
        indexes = [models.Index(fields=("state", "created"), name="invitation_state")]

    def __str__(self) -> str:
        return f"invitation of {self.email or self.user or self.account} to project {self.project}"
