"""Users, their passwords and their keys."""

import pytest

from apps.accounts.factories import PASSWORD
from apps.accounts.models import ApiKeyPair, User
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_jobs

PERSON = {"email": "ada@example.org", "firstname": "Ada", "lastname": "L", "password": "s3cret-words"}


def test_a_user_joins_an_account(sales_admin, tenants):
    user = sales_admin.call("createUser", username="ada", account="seller", **PERSON)["user"]
    assert (user["account"], user["domain"], user["state"]) == ("seller", "sales", "enabled")
    assert "secretkey" not in user
    with pytest.raises(ApiError) as twice:
        sales_admin.call("createUser", username="ada", account="seller", **PERSON)
    assert twice.value.code == 431


def test_new_keys_work_and_the_old_ones_do_not(seller, tenants):
    first = seller.call("registerUserKeys", id=tenants.seller.uuid)["userkeys"]
    client = ApiClient(first["apikey"], first["secretkey"])
    assert client.call("getUserKeys", id=tenants.seller.uuid)["userkeys"] == first
    assert first["apikeyaccess"] is True
    second = client.call("registerUserKeys", id=tenants.seller.uuid)["userkeys"]
    assert second["apikey"] != first["apikey"]
    with pytest.raises(ApiError) as old:
        client.call("listUsers")
    assert old.value.code == 401
    with pytest.raises(ApiError) as wrong:
        ApiClient(second["apikey"], first["secretkey"]).call("listUsers")
    assert wrong.value.code == 401


def test_administrators_make_and_see_keys(root, sales_admin, tenants):
    made = sales_admin.call("registerUserKeys", id=tenants.seller.uuid)["userkeys"]
    assert root.call("getUserKeys", id=tenants.seller.uuid)["userkeys"] == made
    assert root.call("getUser", userapikey=made["apikey"])["user"]["id"] == str(tenants.seller.uuid)


def test_secrets_are_stored_encrypted_and_told_nobody(root, sales_admin, tenants, caplog):
    made = sales_admin.call("registerUserKeys", id=tenants.seller.uuid)["userkeys"]
    root.call("updateUser", id=tenants.seller.uuid, password="hush-hush")
    secret = made["secretkey"]
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_key FROM accounts_apikeypair WHERE api_key = %s", [made["apikey"]])
        assert secret not in cursor.fetchone()[0]
    pair = ApiKeyPair.objects.get(api_key=made["apikey"])
    assert secret not in repr(pair) + str(pair) + repr(pair.secret_key)
    told = "".join(str(row) for model in (Event, AsyncJob) for row in model.objects.values_list()) + caplog.text
    assert secret not in told
    assert "hush-hush" not in told
    listed = root.items("listUsers", id=tenants.seller.uuid)[0]
    assert secret not in str(listed)
    assert "password" not in listed


def test_an_administrator_sets_the_pair_a_client_brings(root, seller, tenants):
    root.call("updateUser", id=tenants.seller.uuid, userapikey="my-own-key", usersecretkey="x" * 40)
    root.call("updateUser", id=tenants.seller.uuid, userapikey="my-own-key", usersecretkey="n" * 40)
    [told] = root.items("listEvents", type="USER.KEY.UPDATE", listall=True)
    assert "replaced" in told["description"] and "n" * 40 not in str(told)
    root.call("updateUser", id=tenants.seller.uuid, userapikey="my-own-key", usersecretkey="x" * 40)
    assert ApiClient("my-own-key", "x" * 40).items("listUsers")
    for keys in ({"userapikey": "my-own-key"}, {"userapikey": "other", "usersecretkey": "short"}):
        with pytest.raises(ApiError) as refused:
            root.call("updateUser", id=tenants.colleague.uuid, **keys)
        assert refused.value.code == 431
    with pytest.raises(ApiError) as taken:
        root.call("updateUser", id=tenants.colleague.uuid, userapikey="my-own-key", usersecretkey="y" * 40)
    assert taken.value.code == 431
    with pytest.raises(ApiError) as not_himself:
        ApiClient("my-own-key", "x" * 40).call(
            "updateUser", id=tenants.seller.uuid, userapikey="k", usersecretkey="z" * 40
        )
    assert not_himself.value.code == 531


def test_users_give_their_present_password_to_change_it(seller, tenants):
    for params in ({}, {"currentpassword": "wrong"}):
        with pytest.raises(ApiError) as refused:
            seller.call("updateUser", id=tenants.seller.uuid, password="a new one", **params)
        assert refused.value.code == 431
    seller.call("updateUser", id=tenants.seller.uuid, password="a new one", currentpassword=PASSWORD)
    assert User.objects.get(pk=tenants.seller.pk).check_password("a new one")


def test_the_present_password_is_not_found_out_by_guessing(seller, tenants):
    """Nor by plans, whose transaction is rolled back."""
    change = {"id": tenants.seller.uuid, "password": "a new one"}
    for number in range(5):
        with pytest.raises(ApiError, match="is not the present password"):
            seller.call("updateUser", **change, currentpassword=f"guess {number}", plan=bool(number % 2))
    for guess in ("another", PASSWORD):
        with pytest.raises(ApiError, match="Too many wrong passwords") as caught:
            seller.call("updateUser", **change, currentpassword=guess)
        assert caught.value.code == 531
    tenants.seller.refresh_from_db()
    assert tenants.seller.check_password(PASSWORD)


def test_users_do_not_rename_themselves(seller, tenants):
    with pytest.raises(ApiError) as refused:
        seller.call("updateUser", id=tenants.seller.uuid, username="root")
    assert refused.value.code == 531


def test_a_user_is_disabled_locked_enabled_and_deleted(root, seller, tenants):
    user = tenants.seller
    root.call("disableUser", id=user.uuid)
    run_jobs()
    with pytest.raises(ApiError):
        seller.call("listUsers")
    assert root.call("enableUser", id=user.uuid)["user"]["state"] == "enabled"
    assert root.call("lockUser", id=user.uuid)["user"]["state"] == "locked"
    with pytest.raises(ApiError):
        seller.call("listUsers")
    root.call("enableUser", id=user.uuid)
    assert root.call("deleteUser", id=user.uuid) == {"success": True}
    with pytest.raises(ApiError):
        seller.call("listUsers")
    assert not ApiKeyPair.objects.filter(user=user).exists()
    with pytest.raises(ApiError) as gone:
        root.call("updateUser", id=user.uuid, firstname="x")
    assert gone.value.code == 431


def test_nobody_deletes_himself(root, tenants):
    for command in ("deleteUser", "disableUser", "lockUser"):
        with pytest.raises(ApiError) as refused:
            root.call(command, id=tenants.root.uuid)
        assert refused.value.code == 531
