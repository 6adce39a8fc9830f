"""Tags, details and notes on the admin pages of the objects that have them: shown, and changed through commands."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.factories import PASSWORD, AccountFactory, UserFactory
from apps.infrastructure.factories import HostFactory
from apps.metadata.factories import detail, note, tag
from apps.metadata.models import Annotation, ResourceDetail, ResourceTag
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs

from .conftest import Tenancy


@pytest.fixture
def operator(tenancy: Tenancy) -> Iterator[Client]:
    UserFactory(username="operator", account=AccountFactory(root_admin=True))
    client = Client()
    assert client.login(username="operator", password=PASSWORD)
    yield client


def page(client: Client, obj: object) -> str:
    options = obj._meta  # type: ignore[attr-defined]
    url = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[obj.pk])  # type: ignore[attr-defined]
    return client.get(url).content.decode()


def send(client: Client, obj: object, key: str, /, **fields: str) -> str:
    options = obj._meta  # type: ignore[attr-defined]
    url = reverse(f"admin:{options.app_label}_{options.model_name}_form", args=[obj.pk, key])  # type: ignore[attr-defined]
    filled = {name.replace("_0_", "[0]."): text for name, text in fields.items()}
    return client.post(url, filled, follow=True).content.decode()


def test_the_page_of_an_object_shows_what_hangs_on_it(tenancy: Tenancy, operator: Client) -> None:
    volume = tenancy.volume()
    tag(volume, "Volume", "team", "red")
    detail(volume, "Volume", "rack", "17b")
    note(volume, "VOLUME", "keep until spring", tenancy.user)
    text = page(operator, volume)
    for shown in ("team", "red", "rack", "17b", "keep until spring", "Attach", "Take off", "Set"):
        assert shown in text
    of_host = page(operator, HostFactory())
    assert "form/note/" in of_host and "form/tag/" not in of_host


def test_forms_call_the_commands(tenancy: Tenancy, operator: Client) -> None:
    volume = tenancy.volume()
    assert "job started" in send(operator, volume, "tag", tags_0_key="team", tags_0_value="red")
    send(operator, volume, "detail", details_0_key="rack", details_0_value="17b")
    assert "done" in send(operator, volume, "note", annotation="looked at")
    run_jobs()
    assert ResourceTag.objects.get().value == "red" and ResourceDetail.objects.get().value == "17b"
    assert Annotation.objects.get().text == "looked at"
    assert "already" in send(operator, volume, "tag", tags_0_key="TEAM", tags_0_value="blue")
    send(operator, volume, "untag", tags_0_key="team")
    send(operator, volume, "undetail", key="rack")
    run_jobs()
    assert not ResourceTag.objects.exists() and not ResourceDetail.objects.exists()


def test_what_is_no_form_of_the_page_is_not_found(tenancy: Tenancy, operator: Client) -> None:
    volume, host = tenancy.volume(), HostFactory()
    for obj, key in ((volume, "destroy"), (host, "tag")):
        options = obj._meta
        url = reverse(f"admin:{options.app_label}_{options.model_name}_form", args=[obj.pk, key])
        assert operator.post(url).status_code == 404
    url = reverse("admin:storage_volume_form", args=[volume.pk, "note"])
    assert operator.get(url).status_code == 405
    assert Client().post(url, {"annotation": "x"}).status_code == 302
    assert not Annotation.objects.exists() and not AsyncJob.objects.exists()
