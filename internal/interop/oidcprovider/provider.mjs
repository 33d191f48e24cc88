import { randomUUID } from 'node:crypto';

import Provider, { errors } from 'oidc-provider';

import { algorithms } from './keys.mjs';
import { loginPolicy } from './login.mjs';
import { mutualTLS } from './mutualtls.mjs';
import { Adapter } from './store.mjs';

const scopes = [
  'orders:read', 'orders:write', 'reports:read', 'admin', 'read', 'write', 'revocations:write',
];

const userScopes = ['openid', ...scopes];

const defaultTTL = 600;

const resourceServerID = 'resource-server';

const clients = [
  ...['orders-app', 'reports-app'].map((id) => ({
    client_id: id,
    client_secret: `${id}-secret`,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
  })),
  {
    client_id: resourceServerID,
    client_secret: `${resourceServerID}-secret`,
    grant_types: [],
    response_types: [],
    redirect_uris: [],
    introspection_signed_response_alg: 'RS256',
  },
];

// The resource indicator says what is wanted: what comes before its query becomes the audience, without a path that is
// empty, and the query chooses the rest: https://orders.example.com/?alg=ES256&ttl=3&format=opaque (defaults: RS256, 600
// seconds, jwt).
function resourceServer(ctx, indicator) {
  const { origin, pathname, searchParams } = new URL(indicator);
  const alg = searchParams.get('alg') ?? algorithms[0];
  const accessTokenTTL = Number(searchParams.get('ttl') ?? defaultTTL);
  const accessTokenFormat = searchParams.get('format') ?? 'jwt';
  if (!algorithms.includes(alg) || !(accessTokenTTL > 0) || !['jwt', 'opaque'].includes(accessTokenFormat)) {
    throw new errors.InvalidTarget();
  }
  return {
    audience: origin + (pathname === '/' ? '' : pathname),
    scope: scopes.join(' '),
    accessTokenTTL,
    accessTokenFormat,
    jwt: { sign: { alg } },
  };
}

const lifetime = (ctx, token) => token.resourceServer?.accessTokenTTL ?? defaultTTL;

const ownTokenOrResourceServer = (ctx, client, token) => client.clientId === resourceServerID
  || client.clientId === token.clientId;

// Whatever a user's client asks for is granted: consent is not what these tests are about.
async function grantEverything(ctx) {
  const { provider: { Grant }, client: { clientId }, session } = ctx.oidc;
  const known = await Grant.find(session.grantIdFor(clientId));
  const grant = known ?? new Grant({ clientId, accountId: session.accountId });
  grant.addOIDCScope(userScopes.join(' '));
  Object.keys(ctx.oidc.resourceServers).forEach((indicator) => grant.addResourceScope(indicator, scopes.join(' ')));
  await grant.save();
  return grant;
}

// How the user of an access token logged in (RFC 9470, section 6), and in which session.
function loginClaims(ctx, token) {
  const { AuthorizationCode, RefreshToken } = ctx.oidc.entities;
  const { acr, authTime } = AuthorizationCode ?? RefreshToken ?? {};
  return { acr, auth_time: authTime, sid: token.sid };
}

/** A Provider signing with the first key of each algorithm and publishing all of them. */
export function newProvider(issuer, keys) {
  return new Provider(issuer, {
    adapter: Adapter,
    clients,
    clientAuthMethods: [
      'client_secret_basic', 'client_secret_post', 'none', 'tls_client_auth', 'self_signed_tls_client_auth',
    ],
    scopes: userScopes,
    jwks: { keys },
    cookies: { keys: [randomUUID()] },
    extraTokenClaims: loginClaims,
    // Its own fetch refuses loopback addresses, where the clients that it tells of a logout are.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    findAccount: (ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { policy: loginPolicy() },
    loadExistingGrant: grantEverything,
    features: {
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: ownTokenOrResourceServer },
      jwtIntrospection: { enabled: true },
      mTLS: mutualTLS,
      registration: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer },
      revocation: { enabled: true, allowedPolicy: ownTokenOrResourceServer },
    },
    // A plain number here would override the resource's own lifetime.
    ttl: { AccessToken: lifetime, ClientCredentials: lifetime },
  });
}
