"""Tokens at the decorator of a Flask application and at the kit that takes its place."""

import jwt
import requests

from visit import BRIEF, CLIENT, LASTING, PASSWORD, SECRET, USER, altered, answer, await_expiry, bearing


def decorator_replaced(visit):
    good, brief = token(visit, LASTING), token(visit, BRIEF)
    claims = jwt.decode(good, options={"verify_signature": False})
    compare(visit, "good", good)
    compare(visit, "tampered", altered(good))
    compare(visit, "signed with another secret", jwt.encode(claims, "another secret of thirty-two bytes", "HS256"))
    compare(visit, "unsigned", jwt.encode(claims, None, "none"))
    compare(visit, "not a token", "nonsense")
    compare(visit, "missing", None)
    expiry = jwt.decode(brief, options={"verify_signature": False})["exp"]
    await_expiry({"expires_at": expiry})
    compare(visit, "expired", brief)


def compare(visit, kind, token):
    before = requests.get(visit.decorated_url, headers=bearing(token), timeout=10)
    visit.note(f"{kind}, decorator: {answer(before)}")
    visit.get_bearing(f"{kind}, kit", token, "/me")


def token(visit, resource):
    form = {"grant_type": "password", "username": USER, "password": PASSWORD, "resource": resource}
    response = requests.post(visit.token_url, form, auth=(CLIENT, SECRET), timeout=10)
    return response.json()["access_token"]
