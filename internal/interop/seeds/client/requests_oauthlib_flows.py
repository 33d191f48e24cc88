"""The flows of requests-oauthlib's documentation."""

import requests
from oauthlib.oauth2 import (
    BackendApplicationClient,
    LegacyApplicationClient,
    MobileApplicationClient,
    TokenExpiredError,
    WebApplicationClient,
)
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session, TokenUpdated

from visit import (
    BRIEF,
    CERTIFIED_CLIENT,
    CLIENT,
    LASTING,
    PASSWORD,
    PUBLIC_CLIENT,
    REDIRECT_URI,
    SCOPE,
    SECRET,
    USER,
    altered,
    await_expiry,
    log_in,
)


def authorization_code(visit):
    session = OAuth2Session(CLIENT, redirect_uri=REDIRECT_URI, scope=SCOPE)
    url, _ = session.authorization_url(visit.authorization_url, resource=LASTING)
    session.fetch_token(visit.token_url, authorization_response=log_in(url), client_secret=SECRET)
    visit.call(session)


def authorization_code_with_pkce(visit):
    client = WebApplicationClient(PUBLIC_CLIENT)
    verifier = client.create_code_verifier(64)
    challenge = client.create_code_challenge(verifier, "S256")
    session = OAuth2Session(client=client, redirect_uri=REDIRECT_URI, scope=SCOPE)
    url, _ = session.authorization_url(
        visit.authorization_url, resource=LASTING, code_challenge=challenge, code_challenge_method="S256"
    )
    session.fetch_token(visit.token_url, authorization_response=log_in(url), code_verifier=verifier, include_client_id=True)
    visit.call(session)


def implicit(visit):
    session = OAuth2Session(client=MobileApplicationClient(CLIENT), redirect_uri=REDIRECT_URI, scope=SCOPE)
    url, _ = session.authorization_url(visit.authorization_url, resource=LASTING)
    session.token_from_fragment(log_in(url))
    visit.call(session)


def password(visit):
    visit.call(with_password(visit, LASTING))


def client_credentials(visit):
    session = OAuth2Session(client=BackendApplicationClient(CLIENT, scope=SCOPE))
    session.fetch_token(visit.token_url, auth=HTTPBasicAuth(CLIENT, SECRET), resource=LASTING)
    visit.call(session)


def refresh_by_hand(visit):
    session = with_password(visit, BRIEF)
    visit.get("call", session)
    await_expiry(session.token)
    visit.get_bearing("call with the expired token", session.token["access_token"])
    try:
        visit.get("call without refresh", session)
    except TokenExpiredError:
        session.refresh_token(visit.token_url, client_id=CLIENT, client_secret=SECRET)
        visit.note("refresh")
    visit.get("call with the new token", session)


def refresh_automatically(visit):
    kept = with_password(visit, BRIEF).token
    session = OAuth2Session(
        CLIENT,
        token=kept,
        auto_refresh_url=visit.token_url,
        auto_refresh_kwargs={"client_id": CLIENT, "client_secret": SECRET},
        token_updater=lambda token: visit.note("refresh"),
    )
    visit.get("call", session)
    await_expiry(kept)
    visit.get_bearing("call with the expired token", kept["access_token"])
    visit.get("call with the new token", session)


def refresh_automatically_and_raise(visit):
    """Without an updater, the session refreshes the token and raises a warning with it."""
    kept = with_password(visit, BRIEF).token
    refreshing = {"auto_refresh_url": visit.token_url, "auto_refresh_kwargs": {"client_id": CLIENT, "client_secret": SECRET}}
    session = OAuth2Session(CLIENT, token=kept, **refreshing)
    visit.get("call", session)
    await_expiry(kept)
    visit.get_bearing("call with the expired token", kept["access_token"])
    try:
        visit.get("call without refresh", session)
    except TokenUpdated as updated:
        visit.note("refresh")
        session = OAuth2Session(CLIENT, token=updated.token, **refreshing)
    visit.get("call with the new token", session)


def revoke_access_token(visit):
    revoke(visit, "access_token")


def revoke_refresh_token(visit):
    revoke(visit, "refresh_token")


def revoke(visit, kind):
    session, bystander = with_password(visit, LASTING), with_password(visit, LASTING)
    visit.get("call", session)
    visit.get("call again", session)
    url, headers, body = session._client.prepare_token_revocation_request(visit.revocation_url, session.token[kind], kind)
    requests.post(url, body, headers=headers, auth=(CLIENT, SECRET), timeout=10).raise_for_status()
    visit.note(f"revoke the {kind}")
    visit.get("call with the revoked token", session)
    visit.get("call of another login", bystander)


def revoke_at_resource_server(visit):
    """The tutorials revoke where tokens come from. Here the resource server is told, and tells it."""
    session, bystander = with_password(visit, LASTING), with_password(visit, LASTING)
    visit.get("call", session)
    session.post(f"{visit.url}/revoke", {"token": session.access_token}, timeout=10).raise_for_status()
    visit.note("revoke the access_token")
    visit.get("call with the revoked token", session)
    visit.get("call of another login", bystander)


def client_certificate(visit):
    """Requests keeps connections, and with them the certificate they were opened with: each call is of a fresh session."""
    session = OAuth2Session(client=BackendApplicationClient(CERTIFIED_CLIENT, scope=SCOPE))
    session.cert = visit.certificate
    token = session.fetch_token(visit.secure_token_url, include_client_id=True, resource=LASTING, verify=visit.authority)
    for step, certificate in {
        "call with its certificate": visit.certificate,
        "call without certificate": None,
        "call with another's certificate": visit.other_certificate,
    }.items():
        with OAuth2Session(CERTIFIED_CLIENT, token=token) as fresh:
            visit.get(step, fresh, cert=certificate, verify=visit.authority)


def bad_tokens(visit):
    session = with_password(visit, LASTING)
    brief = with_password(visit, BRIEF)
    visit.get("good", session)
    visit.get("tampered", with_token(altered(session.access_token)))
    visit.get_bearing("missing", None)
    in_query = WebApplicationClient(CLIENT, default_token_placement="query")
    visit.get("in the query", OAuth2Session(client=in_query, token=session.token))
    await_expiry(brief.token)
    visit.get("expired", with_token(brief.access_token))
    visit.get("still good", session)


def with_token(access_token):
    """Returns a session that knows nothing of its token."""
    return OAuth2Session(CLIENT, token={"access_token": access_token})


def with_password(visit, resource):
    """Returns a session of the user, who trusts the client with the password."""
    session = OAuth2Session(client=LegacyApplicationClient(CLIENT, scope=SCOPE))
    session.fetch_token(
        visit.token_url, username=USER, password=PASSWORD, client_id=CLIENT, client_secret=SECRET, resource=resource
    )
    return session
