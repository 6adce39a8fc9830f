"""What every image store driver must do: subclass, override the ``make_…`` methods, run by pytest."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cloudstack.contracts.errors import DriverError, DriverTimeout, DriverUnavailable, InvalidSpec, NotFound
from cloudstack.contracts.storage import ImageStoreDriver
from cloudstack.testing.abilities import Conformance

CONTENT = bytes(range(256)) * 4096
"""A MiB in which no part is like another place's by chance of padding."""
WAYS_OUT = (
    *("", "..", "../image", "/etc/passwd", "x", "x\0y"),
    "9f1f0c52-6a53-4a0e-9d53-0d7d3a0f6b11/../x",
    "9F1F0C52-6A53-4A0E-9D53-0D7D3A0F6B11",
)
"""None is a UUID as the core writes it."""


class ImageStoreConformance(Conformance):
    """The contract of :class:`cloudstack.contracts.storage.ImageStoreDriver` as tests."""

    keeps_content = True
    """False for a store that only pretends to keep images: what is read is not what was put."""

    # -- what a subclass gives -------------------------------------------------------------------

    def make_driver(self) -> ImageStoreDriver:
        """A driver of a store that works; each call of one test names the same store."""
        raise NotImplementedError

    def make_unreachable_driver(self) -> ImageStoreDriver:
        """A driver of a store that does not answer, or whose place is not there."""
        raise NotImplementedError

    def make_url(self) -> str:
        """Where a store that fetches by itself finds an image."""
        return "https://images.example.org/small.qcow2"

    def run_together(self, calls: list[Callable[[], Any]]) -> list[Any]:
        """Do the calls at the same moment, each as a worker of its own would."""
        with ThreadPoolExecutor(len(calls)) as pool:
            return [future.result() for future in [pool.submit(call) for call in calls]]

    # -- fixtures --------------------------------------------------------------------------------

    @pytest.fixture
    def driver(self) -> ImageStoreDriver:
        return self.make_driver()

    @pytest.fixture
    def image(self, tmp_path: Path) -> Path:
        path = tmp_path / "image-to-put"
        path.write_bytes(CONTENT)
        return path

    # -- the verbs -------------------------------------------------------------------------------

    def test_it_is_a_driver(self, driver: ImageStoreDriver) -> None:
        assert isinstance(driver, ImageStoreDriver)

    def test_what_is_put_is_there_and_can_be_read(self, driver: ImageStoreDriver, image: Path) -> None:
        name = str(uuid4())
        assert not driver.exists(name)
        driver.put(name, image)
        assert driver.exists(name) and self.make_driver().exists(name)
        with driver.open(name) as file:
            read = file.read()
        assert read == CONTENT if self.keeps_content else read
        driver.delete(name)

    def test_put_twice_is_one_image(self, driver: ImageStoreDriver, image: Path) -> None:
        name = str(uuid4())
        driver.put(name, image)
        driver.put(name, image)
        driver.delete(name)
        assert not driver.exists(name)

    def test_images_do_not_touch_each_other(self, driver: ImageStoreDriver, image: Path) -> None:
        first, second = str(uuid4()), str(uuid4())
        driver.put(first, image)
        driver.put(second, image)
        driver.delete(first)
        assert (driver.exists(first), driver.exists(second)) == (False, True)
        driver.delete(second)

    def test_put_by_two_workers_at_once(self, driver: ImageStoreDriver, image: Path) -> None:
        name = str(uuid4())
        self.run_together([lambda one=one: one.put(name, image) for one in (driver, self.make_driver())])
        with driver.open(name) as file:
            read = file.read()
        assert read == CONTENT if self.keeps_content else read
        driver.delete(name)

    def test_a_put_that_fails_leaves_nothing(self, driver: ImageStoreDriver, tmp_path: Path) -> None:
        for source in (tmp_path / "absent", tmp_path):
            name = str(uuid4())
            with pytest.raises(DriverError):
                driver.put(name, source)
            assert not driver.exists(name)

    def test_the_source_stays(self, driver: ImageStoreDriver, image: Path) -> None:
        name = str(uuid4())
        driver.put(name, image)
        driver.delete(name)
        assert image.read_bytes() == CONTENT

    def test_delete_twice(self, driver: ImageStoreDriver, image: Path) -> None:
        name = str(uuid4())
        driver.put(name, image)
        driver.delete(name)
        driver.delete(name)
        assert not driver.exists(name)

    def test_what_is_not_there_cannot_be_read(self, driver: ImageStoreDriver) -> None:
        with pytest.raises(NotFound):
            driver.open(str(uuid4()))

    def test_fetch_brings_all_of_it_or_leaves_it_to_the_core(self, driver: ImageStoreDriver) -> None:
        name = str(uuid4())
        facts = driver.fetch(name, self.make_url())
        assert driver.exists(name) is (facts is not None)
        if facts is None:
            return
        assert facts.format and facts.virtual_size_bytes > 0 and facts.physical_size_bytes > 0
        assert re.fullmatch(r"[0-9a-f]{64}", facts.sha256)
        assert driver.fetch(name, self.make_url()) == facts
        driver.delete(name)
        assert not driver.exists(name)

    def test_capacity_is_sensible(self, driver: ImageStoreDriver) -> None:
        facts = driver.capacity()
        assert 0 <= facts.available_bytes <= facts.capacity_bytes
        assert facts.capacity_bytes > 0

    # -- what may be wrong -----------------------------------------------------------------------

    @pytest.mark.parametrize("name", WAYS_OUT, ids=repr)
    def test_name_that_is_no_uuid_is_refused(self, driver: ImageStoreDriver, image: Path, name: str) -> None:
        for act in (driver.open, driver.exists, driver.delete, lambda name: driver.put(name, image)):
            with pytest.raises(InvalidSpec):
                act(name)

    def test_unreachable_store_is_worth_another_try(self, image: Path) -> None:
        driver = self.make_unreachable_driver()
        for call in (driver.capacity, lambda: driver.put(str(uuid4()), image)):
            with pytest.raises((DriverUnavailable, DriverTimeout)) as caught:
                call()
            assert caught.value.retryable
