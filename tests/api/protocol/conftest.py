"""Commands and people that exist for these tests only: the protocol is tested apart from any domain app's commands."""

import types
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import include, path

from apps.accounts.factories import AccountFactory, ApiKeyPairFactory, RoleFactory, UserFactory
from apps.accounts.models import Role
from apps.accounts.selectors import caller_of
from apps.accounts.services.role_rules import forget_rules
from cloudstack.api import (
    ADMINS,
    BOOL,
    EVERYONE,
    LIST,
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    BaseCmd,
    BaseListCmd,
    Choice,
    Date,
    Field,
    Flag,
    Float,
    Int,
    ListOf,
    Loaded,
    Long,
    Map,
    MapList,
    Ref,
    RefList,
    Response,
    Secret,
    Str,
    SuccessResponse,
    Uuid,
    entities,
    registry,
)
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InsufficientCapacity, InvalidParameter
from cloudstack.framework.jobs import registry as workflows
from cloudstack.framework.jobs.steps import JobContext, Step, Workflow
from cloudstack.framework.jobs.submit import dispatch as submit
from cloudstack.testing.api import ApiClient
from tests.support.rest import Rest


class GadgetResponse(Response):
    """A gadget; a row of roles serves, being a table that is always there."""

    object_name = "gadget"
    model = Role

    id = Field("uuid")
    name = Field(help="what it is called")
    description = Field()
    number = Field("type")
    ispublic = Field("is_public", type=BOOL)
    created = Field()
    twice = Field(compute=lambda row: row["type"] * 2, needs=("type",))
    internal = Field("state", admin_only=True)
    tags = Loaded(lambda keys, caller: {}, default=list, type=LIST)


def gadgets_visible_to(*, caller: Caller, access: Access = Access.USE) -> "QuerySet[Role]":
    """Everyone sees public ones; only admins touch them; others see only their own."""
    gadgets = Role.objects.filter(name__startswith="gadget")
    if caller.is_root_admin:
        return gadgets
    public = gadgets.filter(is_public=True)
    mine = gadgets.filter(description=caller.account_uuid)
    return public | mine if access == Access.USE else mine


class ListGadgets(BaseListCmd):
    """Lists gadgets."""

    response = GadgetResponse
    keyword_fields = ("name",)

    gadget_name = Str("name", lookup="name")
    number = Int("number", lookup="type")

    def queryset(self) -> "QuerySet[Role]":
        return gadgets_visible_to(caller=self.caller)


class ListStaticGadgets(BaseListCmd):
    """Lists what no table holds."""

    response = GadgetResponse

    def queryset(self) -> list[dict[str, Any]]:
        return [{"name": f"static-{number}"} for number in range(5)]


class CreateGadget(BaseCmd):
    """Makes a gadget."""

    roles = ADMINS
    response = GadgetResponse

    gadget_name = Str("name", required=True)
    number = Int("number", default=4, minimum=1, maximum=4)

    def execute(self) -> Role:
        return RoleFactory(name=f"gadget-{self.gadget_name}", type=self.number)


class UpdateGadget(BaseCmd):
    """Renames a gadget."""

    response = GadgetResponse

    gadget = Ref("id", Role, access=Access.MODIFY, required=True)
    gadget_name = Str("name")

    def execute(self) -> Role:
        if self.given("gadget_name"):
            self.gadget.name = f"gadget-{self.gadget_name}"
            self.gadget.save()
        return self.gadget


class DeleteGadget(BaseCmd):
    """Removes a gadget."""

    gadget = Ref("id", Role, access=Access.MODIFY, required=True)

    def execute(self) -> None:
        self.gadget.mark_removed()


class RegisterGadget(BaseCmd):
    """Answers in list shape although it is no list."""

    response = GadgetResponse
    list_shaped = True

    gadget = Ref("id", Role, required=True)

    def execute(self) -> Role:
        return self.gadget


class EchoResponse(Response):
    object_name = "echo"

    values = Field()


class EchoGadget(BaseCmd):
    """Answers what its parameters became."""

    response = EchoResponse
    roles = EVERYONE

    text = Str("text")
    required = Str("needed", required=True)
    number = Int("number")
    big = Long("big")
    ratio = Float("ratio", minimum=0)
    flag = Flag("flag")
    begin = Date("startdate")
    end = Date("endDate")
    uuid = Uuid("someid", also=("-1",))
    choice = Choice("kind", ("Small", "Large"))
    names = ListOf("names", max_length=5000)
    numbers = ListOf("numbers", Int)
    details = Map("details")
    nics = MapList("niclist")
    userdata = Str("userdata", max_length=1024 * 1024)
    password = Secret("password", max_length=8)
    quiet = Str("quiet", roles=ROOT)
    gadgets = RefList("gadgetids", Role)

    def execute(self) -> dict[str, Any]:
        values = {attr: self.__dict__[attr] for attr in self.params if self.given(attr)}
        if self.given("password"):
            values["password"] = self.password.reveal()
        values["gadgets"] = [gadget.name for gadget in self.gadgets or ()]
        return {"values": {name: value for name, value in values.items() if value is not None}}


class BreakGadget(BaseCmd):
    """Fails in the way it is told to."""

    how = Str("how", required=True)

    def execute(self) -> None:
        match self.how:
            case "bug":
                raise RuntimeError("secret detail of the inside")
            case "validation":
                raise ValidationError({"name": ["is taken"]})
            case "capacity":
                raise InsufficientCapacity("host-3: 512 MiB free, 1024 needed", uuids=(("u-1", "host"),))
            case "lines":
                raise InvalidParameter("first line\r\nX-Evil: 1\nüber")


class GadgetWork(Step):
    title = "Work on the gadget"

    def do(self, ctx: JobContext) -> None:
        if ctx.arguments.get("fail"):
            raise InsufficientCapacity("no room for the gadget")
        if ctx.arguments.get("remove"):
            Role.objects.get(uuid=ctx.job.resource_uuid).mark_removed()


class GadgetWorkflow(Workflow):
    steps = [GadgetWork]


class StartGadget(BaseAsyncCmd):
    """Starts a gadget."""

    response = GadgetResponse
    event_type = "GADGET.START"

    gadget = Ref("id", Role, access=Access.OPERATE, required=True)
    fail = Flag("fail", default=False)
    remove = Flag("remove", default=False)

    def execute(self) -> Any:
        arguments = {"fail": self.fail, "remove": self.remove}
        return submit("test.gadget.work", caller=self.caller, resource=self.gadget, arguments=arguments)


class CleanGadget(BaseAsyncCmd):
    """Has nothing to show but success."""

    response = SuccessResponse
    gadget = Ref("id", Role, access=Access.OPERATE, required=True)

    def execute(self) -> Any:
        return submit("test.gadget.work", caller=self.caller, resource=self.gadget)


class DeployGadget(BaseAsyncCreateCmd):
    """Makes a gadget and works on it."""

    response = GadgetResponse
    gadget_name = Str("name", required=True)

    def execute(self) -> Any:
        gadget = RoleFactory(name=f"gadget-{self.gadget_name}", description=self.caller.account_uuid)
        return gadget, submit("test.gadget.work", caller=self.caller, resource=gadget)


COMMANDS = [
    command
    for command in list(vars().values())
    if isinstance(command, type) and issubclass(command, BaseCmd) and command.__module__ == __name__
]
for command in COMMANDS:
    registry.unregister(command)


@pytest.fixture(autouse=True)
def gadgets(db: None, settings: Any) -> Iterator[None]:
    """The commands of this module are there while a test of this folder runs."""
    previous = entities._entities.get(Role)
    entities._entities[Role] = entities.Entity(Role, gadgets_visible_to, "gadget")
    workflows.workflow("test.gadget.work")(GadgetWorkflow)
    for command in COMMANDS:
        registry.register(command)
    forget_rules()  # rolled back, so that a role of the next test has the same id and version
    yield
    for command in COMMANDS:
        registry.unregister(command)
    del workflows._workflows["test.gadget.work"]
    if previous is None:
        del entities._entities[Role]
    else:
        entities._entities[Role] = previous


@pytest.fixture
def person() -> Callable[..., SimpleNamespace]:
    """``person(root_admin=True)`` → user, caller and an API client with keys of their own."""

    def make(**account: Any) -> SimpleNamespace:
        user = UserFactory(account=AccountFactory(**account))
        keys = ApiKeyPairFactory(user=user)
        return SimpleNamespace(
            user=user, caller=caller_of(user), keys=keys, api=ApiClient(keys.api_key, keys.secret_key)
        )

    return make


@pytest.fixture
def root(person: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    return person(root_admin=True)


@pytest.fixture
def ada(person: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    """An ordinary user."""
    return person()


@pytest.fixture
def bob(person: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    """An ordinary user of another tenant."""
    return person()


@pytest.fixture
def gadget() -> Callable[..., Role]:
    """``gadget("a", owner=ada)``; public unless it has an owner."""

    def make(name: str, owner: SimpleNamespace | None = None, **fields: Any) -> Role:
        if owner is not None:
            fields = {"is_public": False, "description": owner.caller.account_uuid, **fields}
        return RoleFactory(name=f"gadget-{name}", **fields)

    return make


@pytest.fixture
def routes(gadgets: None, settings: Any) -> None:
    """The URLs of the commands that exist in this test."""
    urls = types.ModuleType("urls_of_the_gadgets")
    from django.contrib import admin

    from cloudstack.api.rest.urls import patterns

    urls.urlpatterns = [path("admin/", admin.site.urls), path("api/v1/", include(patterns()))]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls


@pytest.fixture
def rest(root: SimpleNamespace) -> Rest:
    return Rest(root)
