"""Glewlwyd as an authorization server for the interop tests, on a loopback port.

It takes PORT and STATE, a directory in which keys and tokens outlive it, from the environment, prints one ready line, and
ends with its standard input, so that it never outlives the test that started it.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from string import Template
from urllib.error import URLError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

from jwcrypto.jwk import JWK

HERE = Path(__file__).parent
SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")

AUDIENCES = ["https://orders.example.com", "https://billing.example.com"]
SCOPES = ["orders:read", "orders:write", "reports:read"]

# A client may introspect and revoke its own tokens and no others, so this one is the resource server as well.
CLIENT = "orders-app"

LIFETIME = 600

READY_SECONDS = 20


def main():
    port, state = os.environ["PORT"], Path(os.environ["STATE"])
    url = f"http://127.0.0.1:{port}"
    database, config = state / "glewlwyd.db", state / "glewlwyd.conf"
    known = database.exists()
    if not known:
        create(database)
        config.write_text(Template((HERE / "glewlwyd.conf").read_text()).substitute(port=port, url=url, database=database))
    server = subprocess.Popen(["glewlwyd", f"--config-file={config}"], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    threading.Thread(target=end_with_standard_input, args=[server], daemon=True).start()
    try:
        await_answer(server, url)
        issuer = f"{url}/api/oidc"
        administration = Administration(f"{url}/api", issuer)
        if not known:
            administration.configure()
        print(json.dumps({
            "ready": True,
            "control": administration.serve(),
            "issuer": issuer,
            "token_endpoint": f"{issuer}/token",
            "introspection_endpoint": f"{issuer}/introspect",
            "revocation_endpoint": f"{issuer}/revoke",
        }), flush=True)
        server.wait()
    finally:
        server.kill()


def create(database):
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(SCHEMA.read_text())


def end_with_standard_input(server):
    sys.stdin.read()
    server.terminate()


def await_answer(server, url):
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with suppress(URLError):
            build_opener().open(f"{url}/config", timeout=READY_SECONDS).close()
            return
        with suppress(subprocess.TimeoutExpired):
            sys.exit(f"glewlwyd ended with status {server.wait(timeout=0.02)}")
    sys.exit(f"glewlwyd does not answer after {READY_SECONDS} seconds")


class Administration:
    """Does what an administrator does after the installation, and later when a test asks for it by POST:

    /rotate               sign with a new key, and publish no other
    /lifetime?seconds=    how long tokens are good that are issued from now on
    """

    def __init__(self, api, issuer):
        self.api, self.issuer, self.seconds = api, issuer, LIFETIME
        self.key = new_key(1)
        self.generation = 1
        self.opener = build_opener(HTTPCookieProcessor())
        self.request("POST", "auth/", {"username": "admin", "password": "password"})

    def request(self, method, path, body):
        request = Request(f"{self.api}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method)
        self.opener.open(request, timeout=READY_SECONDS).close()

    def configure(self):
        self.request("POST", "mod/plugin/", self.plugin())
        for scope in SCOPES:
            scope = {"name": scope, "display_name": scope, "password_required": False, "scheme": {}}
            self.request("POST", "scope/", scope)
        self.request("POST", "client/", {
            "client_id": CLIENT,
            "password": f"{CLIENT}-secret",
            "name": CLIENT,
            "confidential": True,
            "enabled": True,
            "authorization_type": ["client_credentials"],
            "token_endpoint_auth_method": ["client_secret_basic"],
            "scope": SCOPES,
        })

    def plugin(self):
        parameters = json.loads((HERE / "plugin.json").read_text())
        parameters |= {
            "iss": self.issuer,
            "access-token-duration": self.seconds,
            "jwks-private": json.dumps({"keys": [self.key]}),
            "resource-scope": {scope: AUDIENCES for scope in SCOPES},
        }
        return {"module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "parameters": parameters}

    def control(self, target):
        """Does what a test asks for."""
        url = urlsplit(target)
        if url.path == "/rotate":
            self.generation += 1
            self.key = new_key(self.generation)
        else:
            self.seconds = int(parse_qs(url.query)["seconds"][0])
        self.request("PUT", "mod/plugin/oidc", self.plugin())
        self.request("PUT", "mod/plugin/oidc/reset", {})
        return {"kids": [self.key["kid"]]}

    def serve(self):
        """Serves tests on a port of its own, and returns its URL."""
        administration = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                answer = administration.control(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"


def new_key(generation):
    return JWK.generate(kty="EC", crv="P-256", alg="ES256", kid=f"es256-{generation}").export(as_dict=True)


main()
