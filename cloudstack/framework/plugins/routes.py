"""Paths of the web server that plugins bring."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

from cloudstack.framework.plugins.manager import pm

Route = URLPattern | URLResolver


def plugin_routes(core: Iterable[Route]) -> list[Route]:
    """What plugins return from ``register_urls``; a path whose first word is taken takes the plugin out."""
    owners = dict.fromkeys(first_words(core), "the platform")
    routes: list[Route] = []

    def add(plugin: str, route: Any) -> None:
        if not isinstance(route, Route) or not isinstance(route.pattern, RoutePattern):
            raise ImproperlyConfigured(f"register_urls: {route!r} is no path(…)")
        for word in first_words([route]):
            owner = owners.setdefault(word, plugin)
            if not word or "<" in word or owner != plugin:
                raise ImproperlyConfigured(f"register_urls: /{word} is taken by {owner}")
        routes.append(route)

    pm.take("register_urls", add, routes.remove)
    return routes


def first_words(routes: Iterable[Route], before: str = "") -> set[str]:
    """What stands before the first slash of each path."""
    found: set[str] = set()
    for route in routes:
        text = before + str(route.pattern)
        if isinstance(route, URLResolver) and "/" not in text:
            found |= first_words(route.url_patterns, text)
        else:
            found.add(text.partition("/")[0])
    return found
