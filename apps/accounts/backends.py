"""Log-in to Django's own pages, with the users of the cloud."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.services.login import check_login_text
from cloudstack.api.addresses import client_address


class DomainUserBackend(ModelBackend):
    """``user`` is a user of ROOT, ``user@domain/path`` one of another domain; the same lock-out as in the API."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if not username or password is None:
            return None
        address = client_address(request) if request is not None else ""
        return check_login_text(login=username, password=password, address=address)

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(user.is_active and user.account.state == "enabled")

    def get_user(self, user_id: int) -> User | None:
        """With account, domain and role: every page asks for them."""
        user = User.objects.select_related("account__role", "domain").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
