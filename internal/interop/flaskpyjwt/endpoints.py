"""The endpoints of the server, for a few clients that it has always known."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from ssl import PEM_cert_to_DER_cert
from urllib.parse import urlencode

from cryptography import x509
from flask import jsonify, redirect, request

USER, PASSWORD = "alice", "wonderland"

SCOPES = ["orders:read", "orders:write", "reports:read"]

# native-app can keep no secret, and certified-app needs none: it authenticates by a certificate with its name.
SECRETS = {"orders-app": "orders-app-secret", "resource-server": "resource-server-secret"}
PUBLIC, CERTIFIED = "native-app", "certified-app"

REDIRECT_URI = "https://client.example.com/callback"

DEFAULT_RESOURCE = "https://orders.example.com"


class Refused(Exception):
    """An error response (RFC 6749, section 5.2)."""


def register(app, tokens):
    codes = {}

    @app.errorhandler(Refused)
    def refused(problem):
        return jsonify(error=str(problem)), 401 if str(problem) == "invalid_client" else 400

    @app.get("/jwks")
    def jwks():
        return jsonify(tokens.jwks())

    @app.get("/authorize")
    def authorize():
        asked = request.args
        if asked["client_id"] not in [*SECRETS, PUBLIC] or asked["redirect_uri"] != REDIRECT_URI:
            return "unknown client or redirect URI", 400
        grant = new_grant(USER, asked["client_id"], asked)
        if asked["response_type"] == "token":
            answer = tokens.issue(grant, refreshable=False) | {"state": asked["state"]}
            return redirect(f"{REDIRECT_URI}#{urlencode(answer)}")
        if asked["client_id"] == PUBLIC and asked.get("code_challenge_method") != "S256":
            raise Refused("invalid_request")
        code = secrets.token_urlsafe(16)
        codes[code] = grant, asked.get("code_challenge")
        return redirect(f"{REDIRECT_URI}?{urlencode({'code': code, 'state': asked['state']})}")

    def by_code(client, form):
        grant, challenge = codes.pop(form["code"], (None, None))
        if grant is None or grant["client_id"] != client or form["redirect_uri"] != REDIRECT_URI:
            raise Refused("invalid_grant")
        if challenge is not None and challenge != digest(form.get("code_verifier", "").encode()):
            raise Refused("invalid_grant")
        return tokens.issue(grant, refreshable=True)

    def by_password(client, form):
        if (form["username"], form["password"]) != (USER, PASSWORD):
            raise Refused("invalid_grant")
        return tokens.issue(new_grant(USER, client, form), refreshable=True)

    def by_client(client, form):
        grant = new_grant(client, client, form)
        if client == CERTIFIED:
            grant["certificate"] = digest(presented())
        return tokens.issue(grant, refreshable=False)

    def by_refresh_token(client, form):
        grant = tokens.refresh.pop(form["refresh_token"], None)
        if grant is None or grant["client_id"] != client:
            raise Refused("invalid_grant")
        return tokens.issue(grant, refreshable=True)

    grants = {
        "authorization_code": by_code,
        "password": by_password,
        "client_credentials": by_client,
        "refresh_token": by_refresh_token,
    }

    @app.post("/token")
    def token():
        grant = grants.get(request.form["grant_type"])
        if grant is None:
            raise Refused("unsupported_grant_type")
        return jsonify(grant(authenticate(), request.form)), 200, {"Cache-Control": "no-store"}

    @app.post("/introspect")
    def introspect():
        if authenticate() == PUBLIC:
            raise Refused("invalid_client")
        return jsonify(tokens.introspect(request.form["token"]))

    @app.post("/revoke")
    def revoke():
        authenticate()
        tokens.revoke(request.form["token"])
        return ""

    @app.post("/_test/rotate")
    def rotate():
        tokens.rotate()
        return jsonify(kids=[tokens.key_id])


def new_grant(subject, client, parameters):
    scope = parameters.get("scope", SCOPES[0])
    if not set(scope.split()) <= set(SCOPES):
        raise Refused("invalid_scope")
    return {
        "sub": subject,
        "client_id": client,
        "scope": scope,
        "resource": parameters.get("resource", DEFAULT_RESOURCE),
    }


def authenticate():
    """Returns the client that made the request."""
    credentials = request.authorization
    client = credentials.username if credentials else request.form.get("client_id")
    secret = credentials.password if credentials else request.form.get("client_secret")
    if client == PUBLIC and request.form.get("grant_type") in ["authorization_code", "refresh_token", None]:
        return client
    if client == CERTIFIED and x509.load_der_x509_certificate(presented()).subject.rfc4514_string() == f"CN={client}":
        return client
    if client not in SECRETS or not secrets.compare_digest(SECRETS[client], secret or ""):
        raise Refused("invalid_client")
    return client


def presented():
    """Returns the client certificate of the connection. Only those of the client authority got this far."""
    pem = request.environ.get("SSL_CLIENT_CERT")
    if pem is None:
        raise Refused("invalid_client")
    return PEM_cert_to_DER_cert(pem)


def digest(octets):
    return urlsafe_b64encode(hashlib.sha256(octets).digest()).rstrip(b"=").decode()
