"""A small OpenID Connect provider that really signs: discovery, authorization, token, keys and userinfo over HTTP."""

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass
class Provider:
    """``person`` is who signs in next; ``twist`` makes it misbehave: a name of an attribute below in ``_token``."""

    port: int
    client_id: str
    client_secret: str
    person: dict[str, Any] = field(default_factory=dict)
    twist: str = ""
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.other_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._answer(self, urlsplit(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider._token(self, {name: one[0] for name, one in parse_qs(body).items()})

            def log_message(self, *args: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, url: Any) -> None:
        asked = {name: one[0] for name, one in parse_qs(url.query).items()}
        match url.path:
            case "/.well-known/openid-configuration":
                _send(
                    handler,
                    {
                        "issuer": "https://elsewhere.example" if self.twist == "issuer" else self.issuer,
                        "authorization_endpoint": f"{self.issuer}/authorize",
                        "token_endpoint": f"{self.issuer}/token",
                        "userinfo_endpoint": f"{self.issuer}/userinfo",
                        "jwks_uri": f"{self.issuer}/keys",
                        "token_endpoint_auth_methods_supported": ["client_secret_post"],
                    },
                )
            case "/keys":
                public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
                _send(handler, {"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]})
            case "/authorize":
                code = secrets.token_urlsafe(8)
                self.codes[code] = {**asked, "person": dict(self.person)}
                answer = {"state": asked["state"], "code": code}
                if self.twist == "denied":
                    answer = {"state": asked["state"], "error": "access_denied"}
                handler.send_response(302)
                handler.send_header("Location", f"{asked['redirect_uri']}?{urlencode(answer)}")
                handler.end_headers()
            case "/userinfo":
                _send(handler, {"sub": "somebody-else", "email": "boss@example.org", "email_verified": True})
            case _:
                _send(handler, {"error": "unknown"}, status=404)

    def _token(self, handler: BaseHTTPRequestHandler, sent: dict[str, str]) -> None:
        known = self.codes.pop(sent.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
        right = (
            known is not None
            and sent.get("client_secret") == self.client_secret
            and sent.get("redirect_uri") == known["redirect_uri"]
            and known["code_challenge"] == challenge.decode().rstrip("=")
        )
        if known is None or not right:
            _send(handler, {"error": "invalid_grant"}, status=400)
            return
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": "another-client" if self.twist == "audience" else self.client_id,
            "iat": now,
            "exp": now - 60 if self.twist == "expired" else now + 300,
            **known["person"],
        }
        key = self.other_key if self.twist == "signature" else self.key
        token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "one"})
        _send(handler, {"access_token": "opaque", "token_type": "Bearer", "id_token": token})


def _send(handler: BaseHTTPRequestHandler, body: dict[str, Any], *, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    handler.wfile.write(json.dumps(body).encode())
