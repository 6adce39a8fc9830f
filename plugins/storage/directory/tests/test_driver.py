"""The directory store: nothing half, nothing outside."""

import uuid
from pathlib import Path
from typing import ClassVar

import pytest

from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound
from cloudstack.contracts.storage import ImageStoreRef
from cloudstack.testing.images import ImageStoreConformance
from plugins.storage.directory.driver import DirectoryStore


def make(root: Path) -> DirectoryStore:
    return DirectoryStore(
        ImageStoreRef(uuid=str(uuid.uuid4()), name="images", provider="Directory", url=f"file://{root}")
    )


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(b"disk" * 1000)
    return path


class TestDirectoryStore(ImageStoreConformance):
    cannot_be_shown: ClassVar = {
        "test_unreachable_store_is_worth_another_try": "a directory of this machine answers, and is made when absent"
    }

    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> None:
        self.root = tmp_path / "store"

    def make_driver(self) -> DirectoryStore:
        return make(self.root)


def test_what_is_put_is_read_back_and_deleted(tmp_path: Path, image: Path) -> None:
    store, name = make(tmp_path / "a" / "store"), str(uuid.uuid4())
    assert not store.exists(name)
    store.put(name, image)
    store.put(name, image)
    assert store.exists(name)
    with store.open(name) as file:
        assert file.read() == image.read_bytes()
    assert [path.name for path in store.root.iterdir()] == [name]
    store.delete(name)
    store.delete(name)
    assert not store.exists(name) and list(store.root.iterdir()) == []
    with pytest.raises(NotFound):
        store.open(name)


def test_a_copy_that_breaks_off_leaves_nothing(tmp_path: Path, image: Path) -> None:
    store, name = make(tmp_path / "store"), str(uuid.uuid4())
    with pytest.raises(DriverError):
        store.put(name, tmp_path / "absent")
    assert not store.exists(name) and list(store.root.iterdir()) == []


def test_delete_also_takes_what_a_killed_worker_left(tmp_path: Path) -> None:
    store, name = make(tmp_path / "store"), str(uuid.uuid4())
    store.root.mkdir()
    (store.root / f".{name}.x1y2.part").write_bytes(b"half")
    (store.root / "stranger").write_bytes(b"stays")
    store.delete(name)
    assert [path.name for path in store.root.iterdir()] == ["stranger"]


def test_a_link_in_the_store_is_not_followed(tmp_path: Path, image: Path) -> None:
    store, name = make(tmp_path / "store"), str(uuid.uuid4())
    store.root.mkdir()
    (store.root / name).symlink_to(image)
    with pytest.raises(DriverError):
        store.open(name)


@pytest.mark.parametrize(
    "url", ["/var/x", "file://host/x", "http://x/y", "file:///", "file:///a/../b", "file:///a?b", "nfs://h/x"]
)
def test_only_a_plain_directory_is_a_store(url: str) -> None:
    with pytest.raises(InvalidSpec):
        DirectoryStore(ImageStoreRef(uuid="", name="images", provider="Directory", url=url))


def test_it_tells_its_size(tmp_path: Path) -> None:
    facts = make(tmp_path / "store").capacity()
    assert 0 < facts.available_bytes <= facts.capacity_bytes
