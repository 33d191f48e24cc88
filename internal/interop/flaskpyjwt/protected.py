"""The protected resource as tutorials have it: a decorator in the server that issues the tokens (HS256). The resource
server under test takes its place."""

from functools import wraps

import jwt
from flask import g, jsonify, request

AUDIENCE = "https://orders.example.com"


def register(app, tokens):
    def token_required(view):
        @wraps(view)
        def checked():
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer":
                return jsonify(error="token is missing"), 401
            try:
                g.claims = jwt.decode(token, tokens.secret, ["HS256"], audience=AUDIENCE, issuer=tokens.issuer)
            except jwt.InvalidTokenError:
                return jsonify(error="token is invalid"), 401
            return view()

        return checked

    @app.get("/me")
    @token_required
    def me():
        return jsonify(sub=g.claims["sub"], client_id=g.claims["client_id"], scopes=g.claims["scope"].split())
