"""Stored secrets are written anew under a new key, and the old one can go."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.accounts.factories import ApiKeyPairFactory, root_caller
from apps.accounts.models import ApiKeyPair
from cloudstack.framework.configuration import ConfigKey, registry, store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.secrets import encrypt

pytestmark = pytest.mark.django_db


def run() -> str:
    out = io.StringIO()
    call_command("reencrypt_secrets", stdout=out)
    return out.getvalue()


@pytest.fixture
def secret_setting():
    key = ConfigKey("test.secret", str, "", description="for this test", secret=True)
    yield key
    del registry._keys[key.name]
    store.forget()


def test_everything_opens_with_the_new_key_alone(settings, secret_setting) -> None:
    pairs = ApiKeyPairFactory.create_batch(3, secret_key="words")
    ApiKeyPair.objects.filter(pk=pairs[0].pk).update(removed=pairs[0].created)
    ConfigurationManager().update(caller=root_caller(), name="test.secret", value="hidden")
    settings.FIELD_ENCRYPTION_KEYS = ["new", *settings.FIELD_ENCRYPTION_KEYS]
    fresh = ApiKeyPairFactory(secret_key="words")
    assert "accounts.ApiKeyPair.secret_key: 3 written anew, 1 under the newest" in run()
    assert "0 secrets written anew" in run()
    settings.FIELD_ENCRYPTION_KEYS = ["new"]
    store.forget()
    keys = [*(pair.pk for pair in pairs), fresh.pk]
    assert [pair.secret_key.reveal() for pair in ApiKeyPair.all_objects.filter(pk__in=keys)] == ["words"] * 4
    assert secret_setting.value() == "hidden"
    assert "hidden" not in ConfigValue.objects.get(name="test.secret").value


def test_pages_do_not_lose_rows(settings, monkeypatch) -> None:
    monkeypatch.setattr("cloudstack.framework.reencrypt.BATCH", 2)
    ApiKeyPairFactory.create_batch(5)
    settings.FIELD_ENCRYPTION_KEYS = ["new", *settings.FIELD_ENCRYPTION_KEYS]
    assert "secret_key: 5 written anew" in run()


def test_what_no_key_opens_is_counted_and_left(settings) -> None:
    pair = ApiKeyPairFactory()
    lost = encrypt("x")
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    with pytest.raises(CommandError, match="1 secrets are opened by none"):
        run()
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_key FROM accounts_apikeypair WHERE id = %s", [pair.pk])
        (stored,) = cursor.fetchone()
    assert stored.startswith("enc1:")
    assert stored != lost
