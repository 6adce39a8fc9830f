"""Addresses of storage that are not commands."""

from django.urls import path

from apps.storage.web.download import download
from apps.storage.web.upload import upload

urlpatterns = [
    path("upload/<uuid:ticket_uuid>", upload, name="storage-upload"),
    path("download/<uuid:ticket_uuid>/<str:signature>/<str:name>", download, name="storage-download"),
]
