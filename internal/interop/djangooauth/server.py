"""django-oauth-toolkit as an authorization server for the interop tests, on a loopback port.

It takes PORT and STATE, a directory in which tokens outlive it, from the environment, prints one ready line, and ends with
its standard input, so that it never outlives the test that started it.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

SCOPES = ["orders:read", "orders:write", "reports:read"]

CLIENTS = ["orders-app", "resource-server"]

LIFETIME = 600


def main():
    configure(Path(os.environ["STATE"]))
    populate()
    server = ThreadedWSGIServer(("127.0.0.1", int(os.environ["PORT"])), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    print(json.dumps({
        "ready": True,
        "token_endpoint": f"{url}/token/",
        "introspection_endpoint": f"{url}/introspect/",
        "revocation_endpoint": f"{url}/revoke_token/",
    }), flush=True)
    server.serve_forever()


def configure(state):
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        SECRET_KEY="for tests on one machine",
        ROOT_URLCONF="oauth2_provider.urls",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": state / "db.sqlite3",
                "OPTIONS": {"timeout": 20},
            }
        },
        OAUTH2_PROVIDER={
            "SCOPES": {scope: scope for scope in SCOPES},
            "ACCESS_TOKEN_EXPIRE_SECONDS": LIFETIME,
            "EXTRA_SERVER_KWARGS": {"token_expires_in": lifetime},
        },
    )
    django.setup()


def lifetime(request):
    """Returns the seconds that a resource indicator asks for, as in ?ttl=3. The server makes no other use of it."""
    query = dict(parse_qsl(urlsplit(getattr(request, "resource", "")).query))
    return int(query.get("ttl", LIFETIME))


def populate():
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    for client in CLIENTS:
        Application.objects.get_or_create(
            client_id=client,
            client_secret=f"{client}-secret",
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        )


def end_with_standard_input():
    sys.stdin.read()
    os._exit(0)


main()
