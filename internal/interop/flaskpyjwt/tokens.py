"""What the server signs, remembers and takes back."""

import json
import secrets
import time
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

LIFETIME = 600

KINDS = ["RS256", "HS256", "opaque"]


class Tokens:
    """The tokens of one server. Each access token is of one kind; all of them can be introspected and revoked."""

    def __init__(self, issuer, kind, saved):
        if kind not in KINDS:
            raise ValueError(f"no tokens of kind {kind}")
        self.issuer, self.kind = issuer, kind
        saved = saved or {"secret": secrets.token_hex(32), "key": new_key(), "generation": 1, "access": {}, "refresh": {}}
        self.secret, self.key, self.generation = saved["secret"], saved["key"], saved["generation"]
        self.access, self.refresh = saved["access"], saved["refresh"]

    def saved(self):
        """What another process needs to go on."""
        names = ["secret", "key", "generation", "access", "refresh"]
        return {name: getattr(self, name) for name in names}

    @property
    def key_id(self):
        return f"rs256-{self.generation}"

    def rotate(self):
        self.key, self.generation = new_key(), self.generation + 1

    def jwks(self):
        """The key set. A symmetric key is not for publishing."""
        if self.kind != "RS256":
            return {"keys": []}
        public = serialization.load_pem_private_key(self.key.encode(), None).public_key()
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public))
        return {"keys": [jwk | {"kid": self.key_id, "use": "sig", "alg": "RS256"}]}

    def issue(self, grant, refreshable):
        """Returns a token response (RFC 6749, section 5.1) for a grant, which outlives the access token if refreshable."""
        # The resource indicator (RFC 8707) says what is wanted: what comes before its query is the audience, and the query
        # may say the lifetime: https://orders.example.com/?ttl=2
        indicator = urlsplit(grant["resource"])
        lifetime = int(dict(parse_qsl(indicator.query)).get("ttl", LIFETIME))
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": grant["sub"],
            "aud": f"{indicator.scheme}://{indicator.netloc}",
            "client_id": grant["client_id"],
            "scope": grant["scope"],
            "iat": now,
            "exp": now + lifetime,
            "jti": secrets.token_hex(16),
        }
        if "certificate" in grant:
            claims["cnf"] = {"x5t#S256": grant["certificate"]}
        response = {
            "access_token": self.sign(claims),
            "token_type": "Bearer",
            "expires_in": lifetime,
            "scope": grant["scope"],
        }
        if refreshable:
            response["refresh_token"] = secrets.token_urlsafe(32)
            self.refresh[response["refresh_token"]] = grant
        self.access[response["access_token"]] = claims | {"from": response.get("refresh_token")}
        return response

    def sign(self, claims):
        if self.kind == "RS256":
            return jwt.encode(claims, self.key, "RS256", {"typ": "at+jwt", "kid": self.key_id})
        if self.kind == "HS256":
            return jwt.encode(claims, self.secret, "HS256")
        return secrets.token_urlsafe(32)

    def introspect(self, token):
        """Returns an introspection response (RFC 7662, section 2.2)."""
        claims = self.access.get(token)
        if claims is None or claims["exp"] <= time.time():
            return {"active": False}
        return {name: value for name, value in claims.items() if name != "from"} | {"active": True, "token_type": "Bearer"}

    def revoke(self, token):
        """Revokes a token; with a refresh token go the access tokens that came with it (RFC 7009, section 2.1)."""
        self.access.pop(token, None)
        if self.refresh.pop(token, None) is not None:
            self.access = {access: claims for access, claims in self.access.items() if claims["from"] != token}


def new_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()
