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
from pathlib import Path
from string import Template
from urllib.error import URLError
from urllib.request import HTTPCookieProcessor, Request, build_opener

from jwcrypto.jwk import JWK

HERE = Path(__file__).parent
SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")

AUDIENCES = ["https://orders.example.com", "https://billing.example.com"]
SCOPES = ["orders:read", "orders:write", "reports:read"]

# A client may introspect and revoke its own tokens and no others, so this one is the resource server as well.
CLIENT = "orders-app"

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
        if not known:
            configure(f"{url}/api", issuer)
        print(json.dumps({
            "ready": True,
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


def configure(api, issuer):
    """Does what an administrator does after the installation."""
    opener = build_opener(HTTPCookieProcessor())

    def post(path, body):
        request = Request(f"{api}/{path}/", json.dumps(body).encode(), {"Content-Type": "application/json"})
        opener.open(request, timeout=READY_SECONDS).close()

    post("auth", {"username": "admin", "password": "password"})
    post("mod/plugin", plugin(issuer))
    for scope in SCOPES:
        post("scope", {"name": scope, "display_name": scope, "password_required": False, "scheme": {}})
    post("client", {
        "client_id": CLIENT,
        "password": f"{CLIENT}-secret",
        "name": CLIENT,
        "confidential": True,
        "enabled": True,
        "authorization_type": ["client_credentials"],
        "token_endpoint_auth_method": ["client_secret_basic"],
        "scope": SCOPES,
    })


def plugin(issuer):
    key = JWK.generate(kty="EC", crv="P-256", alg="ES256", kid="es256-1").export(as_dict=True)
    parameters = json.loads((HERE / "plugin.json").read_text())
    parameters |= {
        "iss": issuer,
        "jwks-private": json.dumps({"keys": [key]}),
        "resource-scope": {scope: AUDIENCES for scope in SCOPES},
    }
    return {"module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "parameters": parameters}


main()
