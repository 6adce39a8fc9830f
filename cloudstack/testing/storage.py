"""What every primary storage driver must do: subclass, override the ``make_…`` methods, run by pytest."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound
from cloudstack.contracts.storage import (
    PrimaryStorageDriver,
    SupportsVolumeCheck,
    SupportsVolumeCopies,
    TemplateSpec,
    VolumeFacts,
    VolumeSpec,
)
from cloudstack.testing.abilities import Conformance, able

MIB = 1024 * 1024
WAYS_OUT = ("../escape", "../../../../etc/passwd", "/etc/passwd", "a/b", "..", "", "x\0y", "x\ny")


class UntouchableSource(io.RawIOBase):
    """A source that must not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise AssertionError("the source was read although the template is there")


class BrokenSource(io.BytesIO):
    """A source that fails half way."""

    def __init__(self, content: bytes):
        super().__init__(content)
        self.limit = len(content) // 2

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self.limit:
            raise OSError("the source broke off")
        return super().read(min(size, 65536) if size and size > 0 else 65536)


class PrimaryStorageConformance(Conformance):
    """The contract of :class:`cloudstack.contracts.storage.PrimaryStorageDriver` as tests."""

    reads_source = True
    """False for a storage that only pretends to copy templates: a broken source cannot harm it."""

    # -- what a subclass gives -------------------------------------------------------------------

    def make_driver(self) -> PrimaryStorageDriver:
        """A driver of a pool that works, through a host that sees it."""
        raise NotImplementedError

    def make_other_driver(self) -> PrimaryStorageDriver:
        """The same pool through another host, where there is one."""
        return self.make_driver()

    def make_template(self) -> tuple[TemplateSpec, bytes]:
        """A new template and the bytes of its file."""
        raise NotImplementedError

    def make_misplaced_driver(self) -> PrimaryStorageDriver:
        """A driver of a pool whose path does not exist on its host."""
        raise NotImplementedError

    def run_together(self, calls: list[Callable[[], Any]]) -> list[Any]:
        """Do the calls at the same moment, each as a worker of its own would."""
        with ThreadPoolExecutor(len(calls)) as pool:
            return [future.result() for future in [pool.submit(call) for call in calls]]

    # -- fixtures --------------------------------------------------------------------------------

    @pytest.fixture
    def driver(self) -> PrimaryStorageDriver:
        driver = self.make_driver()
        driver.connect()
        return driver

    @pytest.fixture
    def template(self, driver: PrimaryStorageDriver) -> Iterator[tuple[TemplateSpec, str]]:
        """A cached template and its path; deleted afterwards."""
        spec, content = self.make_template()
        path = driver.cache_template(spec, io.BytesIO(content))
        yield spec, path
        driver.delete_volume(path)

    @pytest.fixture
    def volume(self, driver: PrimaryStorageDriver) -> Iterator[VolumeFacts]:
        """An empty volume of 64 MiB; deleted afterwards."""
        facts = driver.create_volume(self._volume())
        yield facts
        driver.delete_volume(facts.path)

    @staticmethod
    def _volume(size_bytes: int = 64 * MIB) -> VolumeSpec:
        return VolumeSpec(uuid=str(uuid4()), name="data", size_bytes=size_bytes)

    # -- the pool --------------------------------------------------------------------------------

    def test_it_is_a_driver(self, driver: PrimaryStorageDriver) -> None:
        assert isinstance(driver, PrimaryStorageDriver)

    def test_connect_twice(self, driver: PrimaryStorageDriver) -> None:
        facts = driver.connect()
        assert 0 <= facts.available_bytes <= facts.capacity_bytes
        assert facts.capacity_bytes > 0

    def test_facts_agree_with_connect(self, driver: PrimaryStorageDriver) -> None:
        assert driver.facts().capacity_bytes == driver.connect().capacity_bytes

    def test_connect_again_after_disconnect(self, driver: PrimaryStorageDriver, volume: VolumeFacts) -> None:
        driver.disconnect()
        driver.disconnect()
        driver.connect()
        assert driver.volume_facts(volume.path) == volume

    def test_a_path_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(InvalidSpec):
            self.make_misplaced_driver().connect()

    # -- templates -------------------------------------------------------------------------------

    def test_template_is_copied_once(self, driver: PrimaryStorageDriver, template: tuple[TemplateSpec, str]) -> None:
        spec, path = template
        assert driver.cache_template(spec, UntouchableSource()) == path  # type: ignore[arg-type]
        other = self.make_other_driver()
        other.connect()
        assert other.cache_template(spec, UntouchableSource()) == path  # type: ignore[arg-type]
        facts = driver.volume_facts(path)
        assert facts is not None
        assert facts.size_bytes == spec.virtual_size_bytes

    def test_template_copied_by_two_workers_at_once(self, driver: PrimaryStorageDriver) -> None:
        spec, content = self.make_template()
        other = self.make_other_driver()
        other.connect()
        paths = self.run_together(
            [lambda d=d: d.cache_template(spec, io.BytesIO(content)) for d in (driver, other, driver)]
        )
        assert len(set(paths)) == 1
        try:
            clone = driver.create_volume(replace(self._volume(spec.virtual_size_bytes), template_path=paths[0]))
            driver.delete_volume(clone.path)
        finally:
            driver.delete_volume(paths[0])

    def test_interrupted_copy_is_not_taken_for_a_template(self, driver: PrimaryStorageDriver) -> None:
        if not self.reads_source:
            pytest.skip(f"{type(driver).__name__} does not copy")
        spec, content = self.make_template()
        with pytest.raises(DriverError) as caught:
            driver.cache_template(spec, BrokenSource(content))
        assert caught.value.retryable
        path = driver.cache_template(spec, io.BytesIO(content))
        facts = driver.volume_facts(path)
        assert facts is not None
        assert facts.size_bytes == spec.virtual_size_bytes
        driver.delete_volume(path)

    # -- volumes ---------------------------------------------------------------------------------

    def test_volume_is_made_once(self, driver: PrimaryStorageDriver) -> None:
        spec = self._volume()
        first = driver.create_volume(spec)
        try:
            assert first.size_bytes == spec.size_bytes
            assert driver.create_volume(spec).path == first.path
            assert driver.volume_facts(first.path) == first
        finally:
            driver.delete_volume(first.path)

    def test_clone_of_a_template(self, driver: PrimaryStorageDriver, template: tuple[TemplateSpec, str]) -> None:
        spec = replace(self._volume(template[0].virtual_size_bytes * 2), template_path=template[1])
        first = driver.create_volume(spec)
        try:
            assert first.size_bytes == spec.size_bytes
            assert first.path != template[1]
            assert driver.create_volume(spec) == first
        finally:
            driver.delete_volume(first.path)

    def test_clone_of_a_template_that_is_not_there(
        self, driver: PrimaryStorageDriver, template: tuple[TemplateSpec, str]
    ) -> None:
        gone = template[1].replace(template[0].uuid, str(uuid4()))
        with pytest.raises(NotFound):
            driver.create_volume(replace(self._volume(), template_path=gone))

    def test_volume_grows(self, driver: PrimaryStorageDriver, volume: VolumeFacts) -> None:
        for _ in range(2):
            assert driver.resize_volume(volume.path, 2 * volume.size_bytes).size_bytes == 2 * volume.size_bytes
        facts = driver.volume_facts(volume.path)
        assert facts is not None
        assert facts.size_bytes == 2 * volume.size_bytes

    def test_volume_does_not_shrink(self, driver: PrimaryStorageDriver, volume: VolumeFacts) -> None:
        with pytest.raises(InvalidSpec):
            driver.resize_volume(volume.path, volume.size_bytes // 2)
        assert driver.volume_facts(volume.path) == volume

    def test_resize_of_an_absent_volume_is_refused(self, driver: PrimaryStorageDriver, volume: VolumeFacts) -> None:
        driver.delete_volume(volume.path)
        with pytest.raises(NotFound):
            driver.resize_volume(volume.path, 2 * volume.size_bytes)

    def test_delete_twice(self, driver: PrimaryStorageDriver, volume: VolumeFacts) -> None:
        driver.delete_volume(volume.path)
        driver.delete_volume(volume.path)
        assert driver.volume_facts(volume.path) is None

    # -- copies ----------------------------------------------------------------------------------

    def test_a_copy_stands_by_itself(self, driver: PrimaryStorageDriver, template: tuple[TemplateSpec, str]) -> None:
        copier = able(driver, SupportsVolumeCopies)
        size = template[0].virtual_size_bytes * 2
        clone = driver.create_volume(replace(self._volume(size), template_path=template[1]))
        spec = self._volume(size)
        try:
            for _ in range(2):
                copy = copier.copy_volume(spec, driver.pool, clone.path)
                assert (copy.path, copy.size_bytes) == (copier.volume_path(spec.uuid), size)
            driver.delete_volume(clone.path)
            facts = driver.volume_facts(copy.path)
            assert facts is not None and facts.size_bytes == size
            with copier.open_volume(copy.path) as source:
                assert source.read(64)
        finally:
            driver.delete_volume(clone.path)
            driver.delete_volume(copier.volume_path(spec.uuid))

    def test_an_image_becomes_a_volume(self, driver: PrimaryStorageDriver) -> None:
        copier = able(driver, SupportsVolumeCopies)
        image, content = self.make_template()
        spec = self._volume(image.virtual_size_bytes * 2)
        path = copier.volume_path(spec.uuid)
        try:
            first = copier.import_volume(spec, image, io.BytesIO(content))
            assert (first.path, first.size_bytes) == (path, spec.size_bytes)
            again = copier.import_volume(spec, image, UntouchableSource())  # type: ignore[arg-type]
            assert again.size_bytes == spec.size_bytes
        finally:
            driver.delete_volume(path)

    def test_what_is_not_there_is_neither_copied_nor_read(self, driver: PrimaryStorageDriver) -> None:
        copier = able(driver, SupportsVolumeCopies)
        absent = copier.volume_path(str(uuid4()))
        with pytest.raises(NotFound):
            copier.copy_volume(self._volume(), driver.pool, absent)
        with pytest.raises(NotFound):
            copier.open_volume(absent)
        for way_out in ("/etc/passwd", "../../etc/passwd"):
            with pytest.raises(InvalidSpec):
                copier.open_volume(way_out)
            with pytest.raises(InvalidSpec):
                copier.copy_volume(self._volume(), driver.pool, way_out)

    def test_a_sound_volume_is_checked(self, driver: PrimaryStorageDriver, volume: VolumeFacts) -> None:
        checker = able(driver, SupportsVolumeCheck)
        found = checker.check_volume(volume.path)
        assert found["check-errors"] == "0"
        assert checker.check_volume(volume.path, repair="leaks")["check-errors"] == "0"
        driver.delete_volume(volume.path)
        with pytest.raises(NotFound):
            checker.check_volume(volume.path)

    # -- ways out of the pool --------------------------------------------------------------------

    @pytest.mark.parametrize("uuid", WAYS_OUT, ids=repr)
    def test_identifier_that_leads_elsewhere_is_refused(self, driver: PrimaryStorageDriver, uuid: str) -> None:
        with pytest.raises(InvalidSpec):
            driver.create_volume(replace(self._volume(), uuid=uuid))
        spec, content = self.make_template()
        with pytest.raises(InvalidSpec):
            driver.cache_template(replace(spec, uuid=uuid), io.BytesIO(content))

    @pytest.mark.parametrize("name", WAYS_OUT, ids=repr)
    def test_name_does_not_matter(self, driver: PrimaryStorageDriver, name: str) -> None:
        spec = replace(self._volume(), name=name)
        try:
            facts = driver.create_volume(spec)
        except InvalidSpec:
            return  # refusing it is fine too
        driver.delete_volume(facts.path)
        assert spec.uuid in facts.path
        assert ".." not in facts.path

    @pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "/etc/../etc/shadow"])
    def test_path_outside_the_pool_is_refused(self, driver: PrimaryStorageDriver, path: str) -> None:
        with pytest.raises(InvalidSpec):
            driver.delete_volume(path)
        with pytest.raises(InvalidSpec):
            driver.volume_facts(path)
        with pytest.raises(InvalidSpec):
            driver.resize_volume(path, 1024 * MIB)
        with pytest.raises(InvalidSpec):
            driver.create_volume(replace(self._volume(), template_path=path))
