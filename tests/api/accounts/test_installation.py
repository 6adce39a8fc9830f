"""A fresh installation: what it holds, and that making it twice makes it once."""

from apps.accounts.models import Account, ApiKeyPair, Domain, Role, User
from apps.accounts.selectors import caller_of, system_caller
from apps.accounts.services.bootstrap import ensure_admin_keys, ensure_root
from cloudstack.testing.api import ApiClient


def test_a_fresh_installation_works_at_once(db):
    made = ensure_root("admin", "a password made at random")
    assert made.created
    assert made.admin.check_password("a password made at random")
    pair = ensure_admin_keys(made.admin)
    root = ApiClient(pair.api_key, pair.secret_key)
    assert [account["name"] for account in root.items("listAccounts", listall=True)] == ["admin"]
    assert root.items("listDomains")[0]["path"] == "ROOT"
    assert root.items("listRoles")[0]["name"] == "Root Admin"
    assert system_caller().is_system
    assert caller_of(made.admin).is_root_admin
    assert made.admin.is_superuser
    assert made.admin.is_staff


def test_a_second_start_changes_nothing(db):
    first = ensure_root("admin", "one")
    pair = ensure_admin_keys(first.admin)
    before = [list(model.objects.order_by("pk").values()) for model in (Domain, Account, User, Role)]
    again = ensure_root("admin", "two")
    assert (again.admin.pk, again.created) == (first.admin.pk, False)
    assert again.admin.check_password("one")
    assert ensure_admin_keys(again.admin).pk == pair.pk
    assert [list(model.objects.order_by("pk").values()) for model in (Domain, Account, User, Role)] == before
    assert ApiKeyPair.all_objects.count() == 1
