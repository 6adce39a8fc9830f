"""The secrets of an installation."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloudstack.runtime.secrets import load_or_create, named_secret


@pytest.fixture(autouse=True)
def no_secrets_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDSTACK_SECRET_KEY", raising=False)
    monkeypatch.delenv("CLOUDSTACK_ENCRYPTION_KEY", raising=False)


def test_the_first_start_makes_secrets_that_stay(tmp_path: Path) -> None:
    first = load_or_create(tmp_path)
    assert len(first.secret_key) >= 50 and len(first.encryption_key) >= 50
    assert first.secret_key != first.encryption_key
    assert load_or_create(tmp_path) == first


def test_two_installations_have_different_secrets(tmp_path: Path) -> None:
    assert load_or_create(tmp_path / "a") != load_or_create(tmp_path / "b")


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    folder = tmp_path / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert {path.name for path in folder.iterdir()} == {"secret_key", "encryption_key"}


def test_processes_that_start_together_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        texts = list(pool.map(lambda _: named_secret(tmp_path, "flower_password"), range(64)))
    assert len(set(texts)) == 1


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    (tmp_path / "secrets" / "secret_key").chmod(0o644)
    with pytest.raises(PermissionError, match="mode 644"):
        load_or_create(tmp_path)


def test_an_empty_secret_is_refused_and_not_replaced(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    (tmp_path / "secrets" / "encryption_key").write_text("")
    with pytest.raises(ValueError, match="empty"):
        load_or_create(tmp_path)


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDSTACK_SECRET_KEY", "from outside")
    assert load_or_create(tmp_path).secret_key == "from outside"
    assert not (tmp_path / "secrets" / "secret_key").exists()


def test_they_do_not_show_when_printed(tmp_path: Path) -> None:
    found = load_or_create(tmp_path)
    assert found.secret_key not in repr(found) and found.encryption_key not in str(found)
