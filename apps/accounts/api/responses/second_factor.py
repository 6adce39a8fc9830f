"""Second factors as clients see them."""

from cloudstack.api import LIST, STRING, Field, Response


class SecondFactorProviderResponse(Response):
    object_name = "providers"

    name = Field(type=STRING, help="totp or staticpin")
    description = Field(type=STRING, help="what it is")


class SecondFactorSetupResponse(Response):
    """Given as a finished dictionary; its secrets are shown this once."""

    object_name = "setup2fa"

    id = Field(type=STRING, help="UUID of the user")
    username = Field(type=STRING, help="name of the user")
    accountid = Field(type=STRING, help="UUID of the user's account")
    secretcode = Field(type=STRING, help="key for the authenticator app in Base32, or the PIN")
    recoverycodes = Field(type=LIST, help="codes that stand in for a lost second factor, each once: keep them")
