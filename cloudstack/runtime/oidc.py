"""The OpenID Connect provider by which people sign in, as the environment names it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

NAMES = {
    "client_id": "CLOUDSTACK_OIDC_CLIENT_ID",
    "secret_file": "CLOUDSTACK_OIDC_CLIENT_SECRET_FILE",
    "name": "CLOUDSTACK_OIDC_NAME",
    "domain": "CLOUDSTACK_OIDC_DOMAIN",
    "match": "CLOUDSTACK_OIDC_MATCH",
    "create_in_account": "CLOUDSTACK_OIDC_CREATE_IN_ACCOUNT",
    "create_with_role": "CLOUDSTACK_OIDC_CREATE_WITH_ROLE",
    "second_factor": "CLOUDSTACK_OIDC_SECOND_FACTOR",
    "form_origins": "CLOUDSTACK_OIDC_FORM_ORIGINS",
}
BY_EMAIL = "email"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class OidcProvider:
    """Where people prove who they are, and which of our users that makes them."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str = "single sign-on"
    domain: str = "ROOT"
    """Path of the domain whose users come this way."""
    match: str = BY_EMAIL
    """``email``: a verified address is that of one user; else the claim that holds the user's name."""
    create_in_account: str = ""
    """Account in which unknown people become users; empty: they do not."""
    create_with_role: str = ""
    """Role of the account that each unknown person gets; empty: none."""
    provider_proves_second_factor: bool = False
    form_origins: tuple[str, ...] = ()
    """Where the browser may be sent from the sign-in page: origins of the provider's own page."""

    @property
    def key(self) -> str:
        """By which links to users are kept; another issuer has another one."""
        return f"oidc-{sha256(self.issuer.encode()).hexdigest()[:16]}"


def provider_from_environment(environ: Mapping[str, str]) -> OidcProvider | None:
    """The provider, or None where none is configured. Raises ``ValueError`` that says which variable is wrong."""
    issuer = environ.get("CLOUDSTACK_OIDC_ISSUER", "").rstrip("/")
    if not issuer:
        return None
    read = {
        "client_id": environ.get("CLOUDSTACK_OIDC_CLIENT_ID"),
        "secret_file": environ.get("CLOUDSTACK_OIDC_CLIENT_SECRET_FILE"),
        "name": environ.get("CLOUDSTACK_OIDC_NAME"),
        "domain": environ.get("CLOUDSTACK_OIDC_DOMAIN"),
        "match": environ.get("CLOUDSTACK_OIDC_MATCH"),
        "create_in_account": environ.get("CLOUDSTACK_OIDC_CREATE_IN_ACCOUNT"),
        "create_with_role": environ.get("CLOUDSTACK_OIDC_CREATE_WITH_ROLE"),
        "second_factor": environ.get("CLOUDSTACK_OIDC_SECOND_FACTOR"),
        "form_origins": environ.get("CLOUDSTACK_OIDC_FORM_ORIGINS"),
    }
    given = {key: value for key, value in read.items() if value}
    parts = urlsplit(issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("CLOUDSTACK_OIDC_ISSUER must be an https:// address: tokens are worth a password")
    for needed in ("client_id", "secret_file"):
        if needed not in given:
            raise ValueError(f"CLOUDSTACK_OIDC_ISSUER is set, so {NAMES[needed]} is needed, too")
    if "create_in_account" in given and "create_with_role" in given:
        raise ValueError(f"Set {NAMES['create_in_account']} or {NAMES['create_with_role']}, not both")
    second_factor = given.get("second_factor", "portal")
    if second_factor not in ("portal", "provider"):
        raise ValueError(f"{NAMES['second_factor']} is portal or provider, not {second_factor[:40]!r}")
    try:
        secret = Path(given["secret_file"]).read_text().strip()
    except OSError as error:
        raise ValueError(f"{NAMES['secret_file']} cannot be read: {error.strerror}") from None
    origins = given.get("form_origins", f"{parts.scheme}://{parts.netloc}")
    return OidcProvider(
        issuer=issuer,
        client_id=given["client_id"],
        client_secret=secret,
        name=given.get("name", OidcProvider.name),
        domain=given.get("domain", OidcProvider.domain),
        match=given.get("match", BY_EMAIL),
        create_in_account=given.get("create_in_account", ""),
        create_with_role=given.get("create_with_role", ""),
        provider_proves_second_factor=second_factor == "provider",
        form_origins=tuple(filter(None, (one.strip() for one in origins.split(",")))),
    )
