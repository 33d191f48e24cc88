"""What the flows have in common."""

import re
import time

import requests

CLIENT, SECRET = "orders-app", "orders-app-secret"
PUBLIC_CLIENT = "native-app"
CERTIFIED_CLIENT = "certified-app"
USER, PASSWORD = "alice", "wonderland"

REDIRECT_URI = "https://client.example.com/callback"

SCOPE = ["orders:read"]

LASTING = "https://orders.example.com/"
BRIEF = "https://orders.example.com/?ttl=6"


class Visit:
    """One resource server, and what has happened at it."""

    def __init__(self, world, url):
        self.authorization_url = world["authorization_endpoint"]
        self.token_url = world["token_endpoint"]
        self.secure_token_url = world["mtls_token_endpoint"]
        self.revocation_url = world["revocation_endpoint"]
        self.decorated_url = f"{world['issuer']}/me"
        self.authority, self.certificate = world["authority"], world["certificate"]
        self.other_certificate = world["other_certificate"]
        self.url = url
        self.steps = []

    def note(self, step):
        self.steps.append(step)

    def get(self, step, session, path="/orders", **options):
        """Calls the resource server and notes the answer: who the handler says called it, or why it never ran."""
        response = session.get(self.url + path, timeout=10, **options)
        self.note(f"{step}: {answer(response)}")

    def get_bearing(self, step, token, path="/orders"):
        """Does so with an access token of no session, and without one if it is None."""
        with requests.Session() as session:
            self.get(step, session, path, headers=bearing(token))

    def call(self, session):
        """Calls what the scopes of the session allow, and what they do not."""
        self.get("call", session)
        self.get("call out of scope", session, "/reports")


def bearing(token):
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def answer(response):
    if response.status_code == 200:
        return f"200 {response.json()['sub']}"
    error = re.search(r'\berror="(\w+)"', response.headers.get("WWW-Authenticate", ""))
    return f"{response.status_code} {error[1]}" if error else f"{response.status_code}"


def log_in(url):
    """Returns where the browser of the user ends up, who is logged in and agrees."""
    response = requests.get(url, allow_redirects=False, timeout=10)
    response.raise_for_status()
    return response.headers["Location"]


def await_expiry(token):
    """Returns when the client and the server both think that a token has expired."""
    while time.time() <= token["expires_at"]:
        time.sleep(0.05)


def altered(token):
    """Returns the token with another character in the middle of its last part."""
    at = len(token) - 20
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
