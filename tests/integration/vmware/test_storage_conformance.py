"""The suite that every primary storage passes, on a datastore of a vCenter."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar
from uuid import uuid4

import pytest

from cloudstack.contracts.storage import TemplateSpec
from cloudstack.testing.storage import PrimaryStorageConformance
from plugins.hypervisors.vmware.storage import DatastoreDriver
from tests.integration.vmware.conftest import Center

pytestmark = pytest.mark.lab


NO_SIZE = "govmomi's datastore browser tells no capacity of disks"
NO_EXTEND = "govmomi has no ExtendVirtualDisk_Task"


class TestDatastore(PrimaryStorageConformance):
    cannot_be_shown: ClassVar[Mapping[str, str]] = {
        "test_connect_again_after_disconnect": NO_SIZE,
        "test_template_is_copied_once": NO_SIZE,
        "test_interrupted_copy_is_not_taken_for_a_template": NO_SIZE,
        "test_volume_is_made_once": NO_SIZE,
        "test_volume_does_not_shrink": NO_SIZE,
        "test_volume_grows": NO_EXTEND,
    }

    @pytest.fixture(autouse=True)
    def _center(self, center: Center) -> None:
        self.center = center

    def make_driver(self) -> DatastoreDriver:
        return DatastoreDriver(self.center.pool, self.center.host(0))

    def make_other_driver(self) -> DatastoreDriver:
        return DatastoreDriver(self.center.pool, self.center.host(1))

    def make_misplaced_driver(self) -> DatastoreDriver:
        pool = dataclasses.replace(self.center.pool, uuid=str(uuid4()), path="/DC0/nowhere")
        return DatastoreDriver(pool, self.center.host(0))

    def make_template(self) -> tuple[TemplateSpec, bytes]:
        return self.center.template()
