"""The flows of Authlib's documentation, with its session for Requests."""

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from visit import (
    BRIEF,
    CLIENT,
    LASTING,
    PASSWORD,
    PUBLIC_CLIENT,
    REDIRECT_URI,
    SCOPE,
    SECRET,
    USER,
    await_expiry,
    log_in,
)


def authorization_code_with_pkce(visit):
    session = OAuth2Session(
        PUBLIC_CLIENT,
        scope=SCOPE,
        redirect_uri=REDIRECT_URI,
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, _ = session.create_authorization_url(visit.authorization_url, code_verifier=verifier, resource=LASTING)
    session.fetch_token(visit.token_url, authorization_response=log_in(url), code_verifier=verifier)
    visit.call(session)


def client_credentials(visit):
    session = OAuth2Session(CLIENT, SECRET, scope=SCOPE)
    session.fetch_token(visit.token_url, grant_type="client_credentials", resource=LASTING)
    visit.call(session)


def refresh_automatically(visit):
    session = with_password(
        visit, BRIEF, token_endpoint=visit.token_url, update_token=lambda token, **old: visit.note("refresh")
    )
    expired = dict(session.token)
    visit.get("call", session)
    await_expiry(expired)
    visit.get_bearing("call with the expired token", expired["access_token"])
    visit.get("call with the new token", session)


def revoke_access_token(visit):
    session, bystander = with_password(visit, LASTING), with_password(visit, LASTING)
    visit.get("call", session)
    visit.get("call again", session)
    session.revoke_token(
        visit.revocation_url, token=session.token["access_token"], token_type_hint="access_token"
    ).raise_for_status()
    visit.note("revoke the access_token")
    visit.get("call with the revoked token", session)
    visit.get("call of another login", bystander)


def with_password(visit, resource, **options):
    session = OAuth2Session(CLIENT, SECRET, scope=SCOPE, leeway=0, **options)
    session.fetch_token(visit.token_url, username=USER, password=PASSWORD, resource=resource)
    return session
