"""The page of a console. Its WebSocket is served by the web server's event loop."""

from django.urls import path

from apps.portal.console.views import console, new_session

urlpatterns = [
    path("console/<uuid:machine>", console, name="console"),
    path("console/<uuid:machine>/session", new_session, name="console-session"),
]
