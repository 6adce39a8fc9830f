"""Users and key pairs in the admin. Passwords are set by Django's own form and never shown."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.admin.base import AdminCommand, CloudAdmin, CloudInline, admin_caller, badge
from apps.accounts.models import ApiKeyPair, ApiToken, RecoveryCode, TwoFactor, User
from apps.accounts.models.api_key import key_state
from apps.accounts.services.users import UserManager
from cloudstack.framework.context import calling, current_caller
from cloudstack.theme import admin as theme


class PasswordForm(theme.PasswordForm):
    """Sets the password through the manager, as updateUser does."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # Shutting a user out is what the actions Lock and Disable are for.
        self.fields.pop("usable_password", None)

    def save(self, commit: bool = True) -> User:
        caller = current_caller()
        assert caller is not None  # noqa: S101 - set by the view below
        return UserManager().update(caller=caller, user=self.user, password=self.cleaned_data["password1"])


@admin.register(User)
class UserAdmin(CloudAdmin):
    list_display = ("username", "account", "domain", "state", "email", "last_login", "incorrect_logins", "uuid")
    list_filter = ("state", "account__type", "source")
    search_fields = ("username", "first_name", "last_name", "email", "uuid", "account__name")
    ordering = ("domain__path", "username")
    list_select_related = ("account", "domain")
    exclude = ("password", "password_history", "reset_token_hash", "user_permissions", "groups")
    commands = (
        ("enableUser", "Enable"),
        ("lockUser", "Lock"),
        ("disableUser", "Disable"),
        AdminCommand(
            command="setupUserTwoFactorAuthentication",
            label="Take away the second factor",
            parameter="userid",
            fixed={"enable": "false"},
            confirm=True,
            suits=lambda user: bool(user.second_factor),
        ),
        ("deleteUser", "Delete"),
    )
    change_password_form = PasswordForm
    change_user_password_template = None

    def get_urls(self) -> list[Any]:
        from django.urls import path

        view = self.admin_site.admin_view(self.user_change_password)
        return [path("<id>/password/", view, name="auth_user_password_change"), *super().get_urls()]

    def links(self, request: HttpRequest, obj: User) -> list[dict[str, str]]:
        return [{"url": reverse("admin:auth_user_password_change", args=[obj.pk]), "label": "Set password"}]

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Django's view with our form, on behalf of the administrator."""
        with calling(admin_caller(request)):
            response: HttpResponse = _PasswordView(User, self.admin_site).user_change_password(request, id, form_url)
            return response


class _PasswordView(DjangoUserAdmin):
    """Only the one view of Django's user admin; it asks for the right to change, which the rest has not."""

    change_password_form = PasswordForm
    list_display = ()
    list_filter = ()
    filter_horizontal = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


class RecoveryCodeInline(CloudInline):
    model = RecoveryCode
    fields = readonly_fields = ("created", "used")


@admin.register(TwoFactor)
class TwoFactorAdmin(CloudAdmin):
    list_display = ("user", "provider", "confirmed", "failures", "last_failure", "created")
    list_filter = ("provider",)
    search_fields = ("user__username", "user__account__name", "uuid")
    list_select_related = ("user",)
    fields = ("uuid", "user", "provider", "confirmed", "failures", "last_failure", "created")
    inlines = (RecoveryCodeInline,)
    has_job_panels = False


@admin.register(RecoveryCode)
class RecoveryCodeAdmin(CloudAdmin):
    list_display = ("factor", "created", "used")
    search_fields = ("factor__user__username",)
    list_select_related = ("factor__user",)
    fields = ("uuid", "factor", "created", "used")
    has_job_panels = False


@admin.register(ApiKeyPair)
class ApiKeyPairAdmin(CloudAdmin):
    list_display = ("api_key_begin", "user", "account", "name", "shown_state", "start_date", "end_date", "created")
    list_filter = ("enabled",)
    search_fields = ("api_key", "name", "description", "user__username", "uuid")
    list_select_related = ("user__account",)
    fields = (
        *("uuid", "user", "name", "description", "api_key", "shown_state"),
        *("start_date", "end_date", "allowed_cidrs", "created"),
    )
    has_job_panels = False
    commands = (
        AdminCommand(
            command="updateUserKeys", label="Enable", fixed={"enabled": "true"}, suits=lambda pair: not pair.enabled
        ),
        AdminCommand(
            command="updateUserKeys", label="Disable", fixed={"enabled": "false"}, suits=lambda pair: pair.enabled
        ),
        AdminCommand(command="deleteUserKeys", label="Delete", confirm=True),
    )

    @admin.display(description="key", ordering="api_key")
    def api_key_begin(self, pair: ApiKeyPair) -> str:
        return f"{pair.api_key[:12]}…"

    @admin.display(description="state")
    def shown_state(self, pair: ApiKeyPair) -> Any:
        return badge(key_state(enabled=pair.enabled, start_date=pair.start_date, end_date=pair.end_date))

    @admin.display(description="account", ordering="user__account__name")
    def account(self, pair: ApiKeyPair) -> str:
        return pair.user.account.name


@admin.register(ApiToken)
class ApiTokenAdmin(CloudAdmin):
    list_display = ("name", "hint", "user", "account", "end_date", "last_used", "created")
    search_fields = ("name", "hint", "user__username", "uuid")
    list_select_related = ("user__account",)
    fields = ("uuid", "user", "name", "hint", "end_date", "last_used", "created")
    has_job_panels = False
    commands = (AdminCommand(command="deleteUserToken", label="Revoke", confirm=True),)

    @admin.display(description="account", ordering="user__account__name")
    def account(self, token: ApiToken) -> str:
        return token.user.account.name
