"""Requests whose names and values are UTF-8."""

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest


class _Utf8(HttpRequest):
    """Whatever charset a request names, it is read as UTF-8.

    Some codecs of Python are no charsets, some give half characters: Django would use each that a client names, and
    stumble over it before any view could answer.
    """

    @property
    def encoding(self) -> str | None:
        return "utf-8"

    @encoding.setter
    def encoding(self, charset: str | None) -> None:
        pass


class Utf8WSGIRequest(_Utf8, WSGIRequest):
    """What gunicorn's requests become."""


class Utf8ASGIRequest(_Utf8, ASGIRequest):
    """The same for servers that speak ASGI."""
