"""Addresses of storage that are not commands."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
