"""A client of the command API for tests: signs real requests and sends them through Django's test client."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.test import Client

from cloudstack.api.params.arguments import as_text
from cloudstack.api.signature import canonical_texts, sign
from cloudstack.framework.secrets import Secret

ENDPOINT = "/client/api"


class ApiError(Exception):
    """The API refused: ``code`` is the HTTP status and errorcode, ``cscode`` the cserrorcode."""

    def __init__(self, code: int, cscode: int, text: str):
        super().__init__(f"{code}/{cscode}: {text}")
        self.code = code
        self.cscode = cscode
        self.text = text


class ApiClient:
    """Calls commands with a key pair.

    ``call("listZones", name="z1")`` answers what stands under the envelope and raises :class:`ApiError`.
    Values are written as clients write them: True → ``true``, lists → commas, a dictionary →
    ``name[0].key=value``, a list of dictionaries → one index each.
    """

    def __init__(self, api_key: str, secret_key: str | Secret, *, client: Client | None = None):
        self.api_key = api_key
        self.secret = secret_key.reveal() if isinstance(secret_key, Secret) else secret_key
        # An exception behind the door must show as the answer that a client would get.
        self.http = client or Client(raise_request_exception=False)

    def call(self, command: str, /, *, method: str = "GET", **params: Any) -> dict[str, Any]:
        response = self.send(command, method=method, **params)
        envelopes = orjson.loads(response.content)
        if len(envelopes) != 1:
            raise AssertionError(f"{command} answered with the keys {sorted(envelopes)} instead of one")
        body: dict[str, Any] = next(iter(envelopes.values()))
        if response.status_code != 200:
            raise ApiError(body["errorcode"], body["cserrorcode"], body["errortext"])
        return body

    def items(self, command: str, /, **params: Any) -> list[dict[str, Any]]:
        """The objects of a list, empty for ``{}``."""
        body = self.call(command, **params)
        return next((value for key, value in body.items() if key != "count"), [])

    def send(self, command: str, /, *, method: str = "GET", **params: Any) -> Any:
        """The whole HTTP response."""
        signed = self.sign({"command": command, "response": "json", **wire(params)})
        return self.http.post(ENDPOINT, signed) if method == "POST" else self.http.get(ENDPOINT, signed)

    def sign(self, params: Mapping[str, str]) -> dict[str, str]:
        """``params`` with the key and the signature over all of them."""
        complete = {"apiKey": self.api_key, **params}
        return {**complete, "signature": sign(canonical_texts(complete)[0], self.secret)}


def wire(params: Mapping[str, Any]) -> dict[str, str]:
    """Python values → what stands on the wire; None is not sent."""
    sent: dict[str, str] = {}
    for name, value in params.items():
        if value is None:
            continue
        rows = [value] if isinstance(value, dict) else value
        if isinstance(rows, list | tuple) and rows and all(isinstance(row, dict) for row in rows):
            for index, row in enumerate(rows):
                sent.update({f"{name}[{index}].{field}": as_text(text) for field, text in row.items()})
        else:
            sent[name] = as_text(value)
    return sent
