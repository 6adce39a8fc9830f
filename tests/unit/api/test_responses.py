"""Rendering: fields, children, loaders, plans, and how many statements they take."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F, Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import AccountFactory, UserFactory, root_caller, user_caller
from apps.accounts.models import Account, ApiKeyPair, User
from cloudstack.api import BOOL, INT, LIST, LONG, MAP, STRING, Children, Field, Loaded, Response
from cloudstack.api.fields import FieldType
from cloudstack.api.responses import keys_first

pytestmark = pytest.mark.django_db


class UserItem(Response):
    object_name = "user"
    model = User

    id = Field("uuid")
    username = Field()


class AccountItem(Response):
    object_name = "account"
    model = Account

    id = Field("uuid")
    name = Field()
    created = Field()
    kind = Field("type")
    kindtext = Field("type", type=STRING)
    big = Field("id", type=LONG)
    domainid = Field("domain__uuid")
    default = Field("is_default")
    details = Field()
    keyaccess = Field("api_key_access", type=BOOL)
    both = Field(compute=lambda row: f"{row['name']}@{row['domain__name']}", needs=("name", "domain__name"))
    label = Field(expression=Concat(F("name"), Value("!")))
    users = Field(expression=lambda: Count("users"), type=INT)
    state = Field(admin_only=True)
    user = Children(UserItem, parent="account_id", queryset=lambda: User.objects.order_by("id"))
    first = Children(UserItem, parent="account_id", queryset=lambda: User.objects.order_by("id"), many=False)
    tags = Loaded(lambda keys, caller: {}, default=list, type=LIST)
    count = Loaded(lambda keys, caller: {key: key for key in keys if key % 2}, type=INT)


class ShortAccountItem(AccountItem):
    user = None
    extra = Field("name")


def rendered(response: type[Response], caller: Any = None, **options: Any) -> list[dict[str, Any]]:
    return response.render(Account.objects.filter(users__isnull=False).order_by("id"), caller=caller, **options)


def test_every_kind_of_field() -> None:
    caller = root_caller()
    user = UserFactory(account=AccountFactory(details={"a": 1}))
    account = user.account
    body = AccountItem.render_one(account, caller=caller)
    assert body["id"] == str(account.uuid)
    assert body["created"] == account.created.strftime("%Y-%m-%dT%H:%M:%S+0000")
    assert (body["kind"], body["kindtext"], body["big"]) == (account.type, str(int(account.type)), account.pk)
    assert body["domainid"] == str(account.domain.uuid)
    assert body["default"] is False
    assert body["details"] == {"a": 1}
    assert "keyaccess" not in body
    assert body["both"] == f"{account.name}@{account.domain.name}"
    assert body["label"] == f"{account.name}!"
    assert body["users"] == 1
    assert body["user"] == [{"id": str(user.uuid), "username": user.username}]
    assert body["first"] == {"id": str(user.uuid), "username": user.username}
    assert body["tags"] == []
    assert body.get("count") == (account.pk if account.pk % 2 else None)


def test_children_are_lists_even_when_there_are_none_and_single_ones_are_left_out() -> None:
    body = AccountItem.render_one(AccountFactory(), caller=root_caller())
    assert body["user"] == []
    assert "first" not in body


def test_a_page_takes_as_many_statements_as_one_row(django_assert_num_queries) -> None:
    caller = root_caller()
    for _ in range(5):
        UserFactory()
    with django_assert_num_queries(3):
        assert len(rendered(AccountItem, caller)) == 6


def test_roles_and_omissions_choose_the_columns_that_are_read(django_assert_num_queries) -> None:
    root, user = root_caller(), user_caller()
    assert "state" in rendered(AccountItem, root)[0]
    with CaptureQueriesContext(connection) as queries:
        row = rendered(AccountItem, user, omit=frozenset({"user", "first", "domainid", "both"}))[0]
    assert {"state", "user", "first", "domainid"}.isdisjoint(row)
    assert len(queries) == 1
    assert '"state"' not in queries[0]["sql"].partition("FROM")[0]


def test_a_subclass_adds_and_takes_away() -> None:
    body = ShortAccountItem.render_one(AccountFactory(name="x"), caller=root_caller())
    assert body["extra"] == "x"
    assert "user" not in body
    assert "user" in AccountItem.fields()


def test_types_follow_the_columns() -> None:
    types = {wire: AccountItem.type_of(item) for wire, item in AccountItem.fields().items()}
    assert types["id"] is FieldType.UUID
    assert types["kind"] is FieldType.INT
    assert types["kindtext"] is FieldType.STRING
    assert types["default"] is FieldType.BOOL
    assert types["created"] is FieldType.DATE
    assert types["details"] is MAP
    assert types["user"] is LIST
    assert types["first"] is FieldType.OBJECT


def test_a_removed_object_can_still_be_rendered_by_itself() -> None:
    account = AccountFactory()
    account.mark_removed()
    assert AccountItem.render_one(account, caller=root_caller())["id"] == str(account.uuid)


def test_a_secret_column_cannot_be_shown_by_mistake() -> None:
    from apps.accounts.factories import ApiKeyPairFactory

    class KeyItem(Response):
        object_name = "key"
        model = ApiKeyPair
        secret = Field("secret_key")

    with pytest.raises(TypeError, match="secret"):
        KeyItem.render_one(ApiKeyPairFactory(), caller=root_caller())


def test_the_total_is_right_whatever_the_queryset() -> None:
    caller = root_caller()
    for _ in range(4):
        UserFactory()
    accounts = Account.objects.filter(users__isnull=False)
    cases = SimpleNamespace(
        plain=accounts.order_by("id"),
        distinct=accounts.distinct().order_by("id"),
        grouped=accounts.annotate(keys=Count("users")).filter(keys__gt=0).order_by("id"),
        joined=accounts.select_related("domain").order_by("domain__name", "id"),
        union=Account.objects.filter(pk__in=accounts.values("pk")).union(accounts).order_by("id"),
        sliced=accounts.order_by("id")[1:4],
    )
    for name, queryset in vars(cases).items():
        rows, count = UserFreeItem.render_page(queryset, caller=caller, offset=1, limit=2)
        assert (len(rows), count) == (2, 3 if name == "sliced" else 5), name
        assert UserFreeItem.render_page(queryset, caller=caller, offset=50, limit=2) == ([], 0)


class UserFreeItem(Response):
    object_name = "account"
    model = Account

    id = Field("uuid")
    name = Field()


class RoleItem(Response):
    object_name = "account"
    model = Account

    id = Field("uuid")
    seen = Field(expression=lambda role_type: Value(role_type.name), by_role=True, type=STRING)


def test_an_expression_may_depend_on_the_role_of_the_caller() -> None:
    AccountFactory()
    rows = Account.objects.order_by("id")
    for caller, name in ((root_caller(), "ADMIN"), (user_caller(), "USER")):
        assert {body["seen"] for body in RoleItem.render(rows, caller=caller)} == {name}


def test_keys_found_first_give_the_same_pages() -> None:
    caller = root_caller()
    for number in range(7):
        AccountFactory(name=f"a{number}")
    rows = Account.objects.filter(pk__in=User.objects.values("account")).order_by("-id")
    rows |= Account.objects.filter(name__startswith="a").order_by("-id")
    for start in (0, 3):
        plain = RoleItem.render_page(rows, caller=caller, offset=start, limit=3)
        assert RoleItem.render_page(keys_first(rows), caller=caller, offset=start, limit=3) == plain
        assert len(plain[0]) == 3 and plain[1] >= 7
    with CaptureQueriesContext(connection) as captured:
        RoleItem.render_page(keys_first(rows).filter(name="a1"), caller=caller, offset=0, limit=3)
    assert "LIMIT 3)" in captured[0]["sql"]
