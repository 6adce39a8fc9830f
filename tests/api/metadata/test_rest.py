"""The same through REST: lists of objects in JSON instead of indexed names."""

from typing import Any

import orjson
from django.test import Client

from apps.accounts.factories import ApiTokenFactory
from apps.accounts.models import ApiKeyPair
from apps.metadata.models import Annotation, ResourceTag
from cloudstack.testing.jobs import run_jobs

from .conftest import Tenancy


def test_tags_and_notes_through_rest(tenancy: Tenancy) -> None:
    user = ApiKeyPair.objects.get(api_key=tenancy.api.api_key).user
    ApiTokenFactory(user=user, text="cst_metadata")
    http = Client(headers={"Authorization": "Bearer cst_metadata"})
    volume = tenancy.volume()

    def send(method: str, where: str, **body: Any) -> Any:
        data = {"data": orjson.dumps(body), "content_type": "application/json"} if body else {}
        response = getattr(http, method)(f"/api/v1/{where}", **data)
        assert response.status_code < 300, response.content
        return orjson.loads(response.content) if response.content else None

    tags = [{"key": "env", "value": "prod"}, {"key": "team", "value": "red"}]
    send("post", "tags", resourcetype="Volume", resourceids=[str(volume.uuid)], tags=tags)
    run_jobs()
    assert set(ResourceTag.objects.values_list("key", "value")) == {("env", "prod"), ("team", "red")}
    listed = orjson.dumps(send("get", "volumes")).decode()
    assert '"env"' in listed and '"red"' in listed
    send("post", "tags/delete", resourcetype="Volume", resourceids=[str(volume.uuid)], tags=[{"key": "env"}])
    run_jobs()
    assert list(ResourceTag.objects.values_list("key", flat=True)) == ["team"]
    made = send("post", "annotations", entitytype="VOLUME", entityid=str(volume.uuid), annotation="looked at")
    uuid = str(Annotation.objects.get().uuid)
    assert uuid in orjson.dumps(made).decode()
    send("delete", f"annotations/{uuid}")
    assert not Annotation.objects.exists()
