"""Users' pages speak the reader's language; everything else speaks English."""

import pytest
from django.test import Client
from django.urls import reverse

GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-CH,de;q=0.9"}


@pytest.mark.django_db
def test_the_sign_in_speaks_as_the_browser_wants() -> None:
    german = Client().get(reverse("portal:sign-in"), **GERMAN)
    assert german["Content-Language"] == "de" and 'lang="de"' in german.text and "Anmelden" in german.text
    assert "Sign in" in Client().get(reverse("portal:sign-in"), HTTP_ACCEPT_LANGUAGE="fr").text


@pytest.mark.django_db
def test_a_chosen_language_stays() -> None:
    client = Client()
    client.post(reverse("portal:language"), {"language": "de", "next": "/sign-in/"})
    assert "Anmelden" in client.get(reverse("portal:sign-in")).text


@pytest.mark.django_db
def test_the_admin_and_the_api_speak_english() -> None:
    assert "Anmelden" not in Client().get(reverse("admin:login"), **GERMAN).text
    answer = Client().get("/client/api", {"command": "listZones", "response": "json"}, **GERMAN)
    assert "unable to verify user credentials" in answer.text
