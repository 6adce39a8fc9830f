"""No secret stays anywhere in clear: canaries are sent in all secret parameters, and looked for in every place.

The parameters come from the registry: a new secret parameter without a recipe here fails the test.
"""

import base64
import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from apps.accounts.factories import AccountFactory, UserFactory
from apps.accounts.models import User
from apps.accounts.services.role_rules import forget_rules
from apps.storage.models import Template
from cloudstack.api import registry
from cloudstack.api.params import Secret
from cloudstack.framework.configuration import store
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud, client_of

SECRET_PARAMS = {
    (command.name, param.wire): param for command in registry.all() for param in command.params.values() if param.secret
}
REPLAYED = itertools.count()


@dataclass
class Nest:
    """A cloud, and the canaries that were let loose in it."""

    cloud: SimulatedCloud
    canaries: dict[str, str] = field(default_factory=dict)
    """Canary → where it was sent, or which answer showed it."""

    def canary(self, where: str) -> str:
        text = f"Canary-{len(self.canaries)}-{where.replace(' ', '-')}-x4Q7"
        self.canaries[text] = where
        return text

    def encoded(self, where: str) -> str:
        return base64.b64encode(self.canary(where).encode()).decode()

    def call(self, api: ApiClient, command: str, **params: Any) -> Any:
        """As a plan, and then under an idempotency key twice: the answers that are kept are looked through as well."""
        if registry.get(command).changes:
            api.call(command, method="POST", plan=True, **params)
            params = {**params, "idempotencykey": f"key-{next(REPLAYED)}"}
            api.call(command, method="POST", **params)
        answer = api.call(command, method="POST", **params)
        run_jobs()
        return answer

    def shown(self, where: str, *secrets: str) -> None:
        """Secrets that the platform makes itself and shows in an answer."""
        for secret in secrets:
            assert len(secret) >= 16, f"{where}: too short to be told from chance"
            self.canaries[secret] = where


def new_user(nest: Nest) -> User:
    return UserFactory(account=AccountFactory())


def door(command: str, **params: Any) -> tuple[int, dict[str, Any]]:
    response = Client().post("/client/api", {"command": command, "response": "json", **params})
    return response.status_code, next(iter(orjson.loads(response.content).values()))


def person(name: str) -> dict[str, str]:
    return {"username": name, "firstname": "A", "lastname": "B", "email": f"{name}@example.org"}


def create_account(nest: Nest) -> None:
    role = nest.cloud.account.role.uuid
    password = nest.canary("createAccount password")
    nest.call(nest.cloud.admin, "createAccount", roleid=role, password=password, **person("opened"))


def create_user(nest: Nest) -> None:
    owner = {"account": nest.cloud.account.name, "domainid": nest.cloud.account.domain.uuid}
    nest.call(nest.cloud.admin, "createUser", password=nest.canary("createUser password"), **owner, **person("hired"))


def update_user(nest: Nest) -> None:
    nest.call(
        nest.cloud.admin,
        "updateUser",
        id=new_user(nest).uuid,
        password=nest.canary("updateUser password"),
        currentpassword=nest.canary("updateUser currentpassword"),
        userapikey="a-key-of-ones-own",
        usersecretkey=nest.canary("updateUser usersecretkey") + "-" * 32,
    )


def login(nest: Nest) -> None:
    user = new_user(nest)
    password = nest.canary("login password")
    user.set_password(password)
    user.save()
    who = {"username": user.username, "domain": user.domain.path}
    assert door("login", password=password, **who)[0] == 200
    assert door("login", password=nest.canary("login wrong password"), **who)[0] == 531
    assert (
        Client().post("/admin/login/", {"username": "x", "password": nest.canary("admin password")}).status_code == 200
    )


def reset_password(nest: Nest) -> None:
    set_all(
        nest,
        {
            "user.password.reset.enabled": "true",
            "user.password.reset.email.sender": "cloud@example.org",
            "user.password.reset.mail.domain.url": "https://cloud.example.org",
        },
    )
    user = new_user(nest)
    who = {"username": user.username, "domain": user.domain.path}
    assert door("forgotPassword", **who)[0] == 200
    run_jobs()
    token = mail.outbox[-1].body.partition("token=")[2].partition("&")[0]
    nest.shown("resetPassword token", token)
    refused, _ = door("resetPassword", token=nest.canary("resetPassword wrong token"), password="long enough", **who)
    assert refused == 431
    assert door("resetPassword", token=token, password=nest.canary("resetPassword password"), **who)[0] == 200


def second_factor(nest: Nest) -> None:
    set_all(nest, {"enable.user.2fa": "true"})
    api = client_of(AccountFactory())
    made = api.call("setupUserTwoFactorAuthentication")["setup2fa"]
    from apps.accounts.services.second_factor_codes import STEP_S, pyotp, time

    code = pyotp.TOTP(made["secretcode"]).generate_otp(int(time.time()) // STEP_S)
    api.call("validateUserTwoFactorAuthenticationCode", codefor2fa=code)
    recovery = made["recoverycodes"]
    nest.shown("setupUserTwoFactorAuthentication", made["secretcode"], *recovery)
    nest.shown("recovery codes without hyphens", *(code.replace("-", "") for code in recovery))
    assert api.call("validateUserTwoFactorAuthenticationCode", codefor2fa=recovery[0])["success"]
    with pytest.raises(ApiError):
        api.call("validateUserTwoFactorAuthenticationCode", codefor2fa=nest.canary("wrong code"))


def deploy(nest: Nest) -> None:
    Template.objects.update(password_enabled=True)
    cloud = nest.cloud
    where = {"zoneid": cloud.zone.uuid, "templateid": cloud.template.uuid, "serviceofferingid": cloud.offering.uuid}
    nest.call(
        cloud.api,
        "deployVirtualMachine",
        **where,
        networkids=cloud.network.uuid,
        password=nest.canary("deployVirtualMachine password"),
        userdata=nest.encoded("deployVirtualMachine userdata"),
    )


def guest_secrets(nest: Nest) -> None:
    Template.objects.update(password_enabled=True)
    answer = nest.cloud.deploy(startvm=False)
    run_jobs()
    vm = answer["id"]
    password = nest.canary("resetPasswordForVirtualMachine password")
    nest.call(nest.cloud.api, "resetPasswordForVirtualMachine", id=vm, password=password)
    user_data = nest.encoded("updateVirtualMachine userdata")
    nest.call(nest.cloud.api, "updateVirtualMachine", id=vm, userdata=user_data)
    user_data = nest.encoded("resetUserDataForVirtualMachine userdata")
    nest.call(nest.cloud.api, "resetUserDataForVirtualMachine", id=vm, userdata=user_data)
    nest.call(nest.cloud.api, "registerUserData", name="kept", userdata=nest.encoded("registerUserData userdata"))


def consoles(nest: Nest) -> None:
    answer = nest.cloud.deploy()
    run_jobs()
    extra = nest.canary("createConsoleEndpoint token")
    made = nest.call(nest.cloud.api, "createConsoleEndpoint", virtualmachineid=answer["id"], token=extra)
    nest.shown("createConsoleEndpoint's own token", made["consoleendpoint"]["websocket"]["token"])


def add_host(nest: Nest) -> None:
    cluster = nest.cloud.hosts[0].cluster
    nest.call(
        nest.cloud.admin,
        "addHost",
        zoneid=nest.cloud.zone.uuid,
        podid=cluster.pod.uuid,
        clusterid=cluster.uuid,
        hypervisor=cluster.hypervisor,
        url="sim://rack9/host9",
        username="root",
        password=nest.canary("addHost password"),
    )


def add_cluster(nest: Nest) -> None:
    pod = nest.cloud.hosts[0].cluster.pod
    nest.call(
        nest.cloud.admin,
        "addCluster",
        zoneid=nest.cloud.zone.uuid,
        podid=pod.uuid,
        clustername="vcenter",
        hypervisor="VMware",
        clustertype="ExternalManaged",
        url="https://127.0.0.1:9/datacenter/cluster",
        username="administrator@vsphere.local",
        password=nest.canary("addCluster password"),
    )


def update_host_password(nest: Nest) -> None:
    password = nest.canary("updateHostPassword password")
    host = nest.cloud.hosts[0].uuid
    nest.call(nest.cloud.admin, "updateHostPassword", hostid=host, username="root", password=password)


def webhooks(nest: Nest) -> None:
    target = {"payloadurl": "https://93.184.215.14/x", "state": "Disabled"}
    key = nest.canary("createWebhook secretkey")
    made = nest.call(nest.cloud.api, "createWebhook", name="hook", secretkey=key, **target)["webhook"]
    nest.call(nest.cloud.api, "updateWebhook", id=made["id"], secretkey=nest.canary("updateWebhook secretkey"))


def invitation(nest: Nest) -> None:
    set_all(nest, {"project.smtp.host": "mail.example.org", "project.email.sender": "cloud@example.org"})
    owner, guest = client_of(AccountFactory()), client_of(AccountFactory())
    project = nest.call(owner, "createProject", name="apollo")["id"]
    nest.call(owner, "addAccountToProject", projectid=project, email="guest@example.org")
    token = mail.outbox[-1].body.partition("Token: ")[2].partition("\n")[0]
    nest.shown("updateProjectInvitation token", token)
    with pytest.raises(ApiError):
        guest.call("updateProjectInvitation", projectid=project, token=nest.canary("wrong token"))
    nest.call(guest, "updateProjectInvitation", projectid=project, token=token)
    assert guest.items("listProjects")


RECIPES: dict[str, Callable[[Nest], None]] = {
    "addCluster": add_cluster,
    "addHost": add_host,
    "createAccount": create_account,
    "createUser": create_user,
    "createWebhook": webhooks,
    "deployVirtualMachine": deploy,
    "createConsoleEndpoint": consoles,
    "login": login,
    "resetPassword": reset_password,
    "registerUserData": guest_secrets,
    "resetPasswordForVirtualMachine": guest_secrets,
    "resetUserDataForVirtualMachine": guest_secrets,
    "updateHostPassword": update_host_password,
    "updateProjectInvitation": invitation,
    "updateUser": update_user,
    "updateVirtualMachine": guest_secrets,
    "updateWebhook": webhooks,
    "validateUserTwoFactorAuthenticationCode": second_factor,
}
"""Command with secret parameters → how it is called with a canary in each of them."""


def more_secrets(nest: Nest) -> None:
    """What is secret without being a parameter of that kind: settings, options of stores, and what the answers show."""
    set_all(nest, {"user.password.reset.smtp.password": nest.canary("updateConfiguration value")})
    secret_option = {"secretkey": nest.canary("addImageStore details"), "region": "x"}
    nest.call(nest.cloud.admin, "addImageStore", provider="Simulator", url="sim://i", details=secret_option)
    api = client_of(AccountFactory())
    user = User.objects.order_by("-pk").first()
    assert user is not None
    keys = nest.call(api, "registerUserKeys", id=user.uuid, name="more")["userkeys"]
    token = nest.call(api, "createUserToken", name="more")["usertoken"]["token"]
    pair = nest.call(api, "createSSHKeyPair", name="more")["keypair"]["privatekey"]
    nest.shown("answers", keys["secretkey"], token, pair.splitlines()[2])
    url = f"http://user:{nest.canary('registerTemplate url')}@images.example.org/x"
    with pytest.raises(ApiError):
        api.call("registerTemplate", name="x", url=url, zoneid=-1, format="QCOW2", hypervisor="Simulator")


def set_all(nest: Nest, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        nest.call(nest.cloud.admin, "updateConfiguration", name=name, value=value)
    store.forget()


@pytest.fixture
def nest(db: None) -> Iterator[Nest]:
    forget_rules()
    store.forget()
    cache.clear()
    yield Nest(build_cloud(hosts=1, clusters=1))
    store.forget()


def everything_stored() -> Iterator[tuple[str, str]]:
    """Every row of every table as text; sessions opened."""
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                yield table, " ".join(_readable(cell) for cell in row)
    for session in Session.objects.all():
        yield "django_session", str(session.get_decoded())


def _readable(cell: Any) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes | bytearray | memoryview) else str(cell)


def spellings(canary: str) -> set[str]:
    """As it is, in a URL, and in Base64 whatever stands before it."""
    found = {canary, quote(canary, safe="")}
    for before in range(3):
        text = base64.b64encode(b"x" * before + canary.encode()).decode()
        found.add(text[(0, 2, 3)[before] : len(text) - 4])
    return found


@pytest.mark.slow
def test_no_canary_is_found_anywhere(nest: Nest, caplog: pytest.LogCaptureFixture) -> None:
    for recipe in (*dict.fromkeys(RECIPES.values()), more_secrets):
        with caplog.at_level(logging.DEBUG):
            recipe(nest)
    sent = {where for where in nest.canaries.values() if " " in where}
    missing = {f"{command} {wire}" for command, wire in SECRET_PARAMS} - sent
    assert missing - {"validateUserTwoFactorAuthenticationCode codefor2fa"} == set(), (
        "a recipe sends no canary in these"
    )

    places = list(everything_stored())
    assert len(places) > 500
    places += [("settings in memory", str(store._values)), ("the cache", str(vars(cache)))]
    places += [("the log", caplog.text)]
    found = {
        (where, place)
        for canary, where in nest.canaries.items()
        for spelling in spellings(canary)
        for place, text in places
        if spelling in text
    }
    assert found == set()


def test_the_search_finds_what_is_there(nest: Nest) -> None:
    canary = nest.canary("a name")
    AccountFactory(name=base64.b64encode(f"ab{canary}".encode()).decode())
    AccountFactory(name=canary)
    hits = [place for place, text in everything_stored() if any(spelling in text for spelling in spellings(canary))]
    assert hits.count("accounts_account") == 2


def test_every_command_with_a_secret_has_a_recipe() -> None:
    assert {command for command, _ in SECRET_PARAMS} == set(RECIPES)


def test_what_is_secret_by_its_name_is_declared_so() -> None:
    """A password or secret as plain text would be repeated in errors."""
    words = ("password", "secret", "token", "codefor2fa")
    plain = {
        f"{command.name} {param.wire}"
        for command in registry.all()
        for param in command.params.values()
        if any(word in param.key for word in words) and not isinstance(param, Secret) and param.type_name == "string"
    }
    assert plain == set()


@pytest.mark.parametrize(("command", "wire"), SECRET_PARAMS)
def test_errors_do_not_repeat_a_secret(command: str, wire: str, db: None, caplog: pytest.LogCaptureFixture) -> None:
    forget_rules()
    admin = client_of(AccountFactory(root_admin=True))
    for text in ("Canary-x4Q7", "Canary-x4Q7\x01", "Canary-x4Q7" * 1000):
        for response in (
            admin.send(command, method="POST", **{wire: text}),
            Client().post("/client/api", {"command": command, "response": "xml", wire: text}),
        ):
            assert response.status_code >= 400
            assert b"Canary" not in response.content
            assert "Canary" not in str(response.headers)
    assert "Canary" not in caplog.text
