"""Paths of the API: the commands of CloudStack's clients, and REST."""

from django.urls import include, path

from cloudstack.api.http import client_api

urlpatterns = [
    path("client/api", client_api, name="client-api"),
    path("client/api/", client_api, name="client-api-slash"),
    path("api/v1/", include("cloudstack.api.rest.urls")),
]
