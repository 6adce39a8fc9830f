"""Paths of the API: the commands of CloudStack's clients, and REST."""

from django.urls import path

from cloudstack.api.http import client_api

app_name = "api"
urlpatterns = [
    path("client/api", client_api, name="client"),
    path("client/api/", client_api, name="client-slash"),
]
