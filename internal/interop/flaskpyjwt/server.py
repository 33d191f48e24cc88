"""An authorization server as tutorials build it, of Flask and PyJWT, for the interop tests, on a loopback port.

It takes PORT, STATE, a directory in which keys and tokens outlive it, and TOKENS, which kind it issues (RS256, HS256 or
opaque), from the environment, prints one ready line, and ends with its standard input, so that it never outlives the test
that started it. With TLS_CERT, TLS_KEY and CLIENT_CA, files in PEM, it serves clients with certificates (RFC 8705) on a
second port, which is any free one. POST /_test/rotate has it sign with a new key and publish no other.

Its one user, alice, is logged in and agrees to everything.
"""

import json
import os
import signal
import ssl
import sys
import threading
from pathlib import Path

from flask import Flask, jsonify
from werkzeug.serving import make_server

import endpoints
import protected
from tokens import Tokens


def main():
    port, state = int(os.environ["PORT"]), Path(os.environ["STATE"]) / "state.json"
    issuer = f"http://127.0.0.1:{port}"
    tokens = Tokens(issuer, os.environ["TOKENS"], json.loads(state.read_text()) if state.exists() else None)

    def stop(*_):
        state.write_text(json.dumps(tokens.saved()))
        os._exit(0)

    app = Flask(__name__)
    metadata = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code", "token"],
    }
    app.add_url_rule("/.well-known/oauth-authorization-server", view_func=lambda: jsonify(metadata), endpoint="metadata")
    endpoints.register(app, tokens)
    if tokens.kind == "HS256":
        protected.register(app, tokens)

    server = make_server("127.0.0.1", port, app, threaded=True)
    secret_file = state.with_name("secret")
    secret_file.write_text(tokens.secret)
    ready = {"ready": True, **metadata, "secret_file": str(secret_file), "control": f"{issuer}/_test"}
    if os.environ.get("TLS_CERT"):
        secure = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=asking_for_certificates(os.environ))
        threading.Thread(target=secure.serve_forever, daemon=True).start()
        ready["mtls_token_endpoint"] = f"https://127.0.0.1:{secure.server_port}/token"
    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=lambda: stop(sys.stdin.read()), daemon=True).start()
    print(json.dumps(ready), flush=True)
    server.serve_forever()


def asking_for_certificates(files):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files["CLIENT_CA"])
    context.load_cert_chain(files["TLS_CERT"], files["TLS_KEY"])
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


main()
