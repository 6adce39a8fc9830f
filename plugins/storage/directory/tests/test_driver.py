"""The directory store: nothing half, nothing outside."""

import uuid
from pathlib import Path

import pytest

from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound
from cloudstack.contracts.storage import ImageStoreDriver, ImageStoreRef
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


def test_it_fulfils_the_contract(tmp_path: Path) -> None:
    assert isinstance(make(tmp_path / "store"), ImageStoreDriver)


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


@pytest.mark.parametrize(
    "name",
    [
        *("", "..", "../image", "/etc/passwd", "x"),
        "9f1f0c52-6a53-4a0e-9d53-0d7d3a0f6b11/../x",
        "9F1F0C52-6A53-4A0E-9D53-0D7D3A0F6B11",
    ],
)
def test_no_name_leads_outside(tmp_path: Path, image: Path, name: str) -> None:
    store = make(tmp_path / "store")
    for act in (store.open, store.exists, store.delete, lambda name: store.put(name, image)):
        with pytest.raises(InvalidSpec):
            act(name)


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
