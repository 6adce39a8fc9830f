"""Commands on regions."""

from django.db.models import QuerySet

from apps.portal import events
from apps.portal.models import Region
from apps.portal.services.region import RegionManager
from apps.storage.config import ENDPOINT_URL
from cloudstack.api import BOOL, INT, ROOT, STRING, BaseCmd, BaseListCmd, Field, Int, Response, Str, SuccessResponse
from cloudstack.framework.errors import InvalidParameter


class RegionResponse(Response):
    object_name = "region"
    model = Region

    id = Field("number", type=INT, help="number of the region")
    name = Field(help="its name")
    endpoint = Field(
        compute=lambda row: row["endpoint"] or ENDPOINT_URL.value(),
        needs=("endpoint",),
        type=STRING,
        help="address of its API",
    )
    gslbserviceenabled = Field(
        compute=lambda row: False, needs=(), type=BOOL, help="whether it balances load over regions: not yet"
    )
    portableipserviceenabled = Field(
        compute=lambda row: False, needs=(), type=BOOL, help="whether it has portable addresses: not yet"
    )


class ListRegions(BaseListCmd):
    """Lists the regions: this installation and those that its operators name beside it."""

    response = RegionResponse
    ordering = ("number",)
    id_filter = ids_filter = after = None

    number = Int("id", lookup="number", help="the region with this number")
    region_name = Str("name", lookup="name", help="the region with this name")

    def queryset(self) -> QuerySet[Region]:
        return Region.objects.all()


class AddRegion(BaseCmd):
    """Names another installation, which clients may switch to. Nothing is carried between regions."""

    roles = ROOT
    response = RegionResponse
    event_type = events.REGION_CREATE

    number = Int("id", required=True, minimum=1, help="number of the region, the same in all of them")
    region_name = Str("name", required=True, max_length=255, help="its name")
    endpoint = Str("endpoint", required=True, max_length=255, help="address of its API")

    def execute(self) -> Region:
        return RegionManager().add(
            caller=self.caller, number=self.number, name=self.region_name, endpoint=self.endpoint
        )


class _OneRegion(BaseCmd):
    abstract = True
    roles = ROOT

    number = Int("id", required=True, help="number of the region")

    def region(self) -> Region:
        """Raises ``InvalidParameter`` when there is none with this number."""
        found = Region.objects.filter(number=self.number).first()
        if found is None:
            raise InvalidParameter(f"there is no region {self.number}", parameter="id")
        return found


class UpdateRegion(_OneRegion):
    """Changes the name or the address of a region."""

    response = RegionResponse
    event_type = events.REGION_UPDATE

    region_name = Str("name", max_length=255, help="new name")
    endpoint = Str("endpoint", max_length=255, help="new address of its API")

    def execute(self) -> Region:
        return RegionManager().update(
            caller=self.caller, region=self.region(), name=self.region_name, endpoint=self.endpoint
        )


class RemoveRegion(_OneRegion):
    """Forgets a region; this installation's own stays."""

    response = SuccessResponse
    event_type = events.REGION_DELETE

    def execute(self) -> None:
        RegionManager().remove(caller=self.caller, region=self.region())
