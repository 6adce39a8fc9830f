"""Secrets show themselves only when asked, and are ciphertext at rest."""

import copy
import json
import pickle

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models

from cloudstack.framework.secrets import EncryptedField, Secret, decrypt, encrypt

WORD = "correct horse battery"


def test_it_is_masked_wherever_it_is_printed() -> None:
    secret = Secret(WORD)
    printed = [str(secret), repr(secret), f"{secret}", f"{secret!r}", format(secret), str([secret]), str({"a": secret})]
    assert all("****" in text and "horse" not in text for text in printed)
    with pytest.raises(ValueError, match="what") as raised:
        raise ValueError("what", secret)
    assert "horse" not in str(raised.value)
    assert secret.reveal() == WORD


@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_does_not_travel(way) -> None:
    with pytest.raises(TypeError, match="not to be pickled"):
        way(Secret(WORD))


def test_it_has_no_other_way_out() -> None:
    with pytest.raises(TypeError):
        json.dumps(Secret(WORD))
    with pytest.raises(TypeError):
        vars(Secret(WORD))


def test_it_can_be_compared() -> None:
    assert Secret(WORD) == Secret(WORD) != Secret("other")
    assert Secret(WORD) != WORD
    assert len({Secret(WORD), Secret(WORD)}) == 1
    assert Secret("a") and not Secret("")


def test_ciphertext_differs_each_time_and_opens() -> None:
    first, second = encrypt(WORD), encrypt(WORD)
    assert first != second
    assert first.startswith("enc1:") and "horse" not in first
    assert decrypt(first) == decrypt(second) == WORD
    assert decrypt(encrypt("")) == ""


def test_a_wrong_key_opens_nothing_and_says_so(settings) -> None:
    stored = encrypt(WORD)
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    with pytest.raises(ImproperlyConfigured, match="cannot be opened with the configured encryption keys") as refused:
        decrypt(stored)
    assert refused.value.__cause__ is None and "horse" not in str(refused.value)


def test_keys_can_be_changed_one_after_the_other(settings) -> None:
    stored = encrypt(WORD)
    settings.FIELD_ENCRYPTION_KEYS = ["new", *settings.FIELD_ENCRYPTION_KEYS]
    assert decrypt(stored) == WORD
    newer = encrypt(WORD)
    settings.FIELD_ENCRYPTION_KEYS = ["new"]
    assert decrypt(newer) == WORD


@pytest.mark.parametrize("keys", [[], [""]])
def test_without_a_key_nothing_is_stored(settings, keys) -> None:
    settings.FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="CLOUDSTACK_ENCRYPTION_KEY"):
        encrypt(WORD)


@pytest.mark.parametrize("stored", ["", "enc1:", "enc1:junk", "plain text", "enc1:" + "A" * 120])
def test_damaged_ciphertext_is_refused(stored) -> None:
    with pytest.raises(ImproperlyConfigured, match="cannot be opened"):
        decrypt(stored)


class TestField:
    field = EncryptedField()

    def test_writes_ciphertext(self) -> None:
        for value in (WORD, Secret(WORD)):
            stored = self.field.get_prep_value(value)
            assert stored is not None and stored.startswith("enc1:") and "horse" not in stored

    def test_reads_secrets(self) -> None:
        read = self.field.from_db_value(encrypt(WORD), None, connection)
        assert isinstance(read, Secret) and read.reveal() == WORD

    def test_keeps_nothing_and_empty_apart(self) -> None:
        assert self.field.get_prep_value(None) is None
        assert self.field.from_db_value(None, None, connection) is None
        assert self.field.get_prep_value("") == ""
        assert self.field.from_db_value("", None, connection) == Secret("")

    def test_takes_text_from_forms(self) -> None:
        assert self.field.to_python(WORD) == Secret(WORD)
        assert self.field.to_python(None) is None

    def test_is_masked_in_exports(self) -> None:
        assert self.field.value_to_string(models.Model.__new__(models.Model)) == "****"
