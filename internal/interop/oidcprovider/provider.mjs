import { randomUUID } from 'node:crypto';

import Provider, { errors } from 'oidc-provider';

import { algorithms } from './keys.mjs';
import { Adapter } from './store.mjs';

const scopes = [
  'orders:read', 'orders:write', 'reports:read', 'admin', 'read', 'write', 'revocations:write',
];

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

// The resource indicator says what is wanted: its origin becomes the audience, its query chooses the rest:
// https://orders.example.com/?alg=ES256&ttl=3&format=opaque (defaults: RS256, 600 seconds, jwt).
function resourceServer(ctx, indicator) {
  const { origin, searchParams } = new URL(indicator);
  const alg = searchParams.get('alg') ?? algorithms[0];
  const accessTokenTTL = Number(searchParams.get('ttl') ?? defaultTTL);
  const accessTokenFormat = searchParams.get('format') ?? 'jwt';
  if (!algorithms.includes(alg) || !(accessTokenTTL > 0) || !['jwt', 'opaque'].includes(accessTokenFormat)) {
    throw new errors.InvalidTarget();
  }
  return {
    audience: origin, scope: scopes.join(' '), accessTokenTTL, accessTokenFormat, jwt: { sign: { alg } },
  };
}

const ownTokenOrResourceServer = (ctx, client, token) => client.clientId === resourceServerID
  || client.clientId === token.clientId;

/** A Provider signing with the first key of each algorithm and publishing all of them. */
export function newProvider(issuer, keys) {
  return new Provider(issuer, {
    adapter: Adapter,
    clients,
    scopes,
    jwks: { keys },
    cookies: { keys: [randomUUID()] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: ownTokenOrResourceServer },
      jwtIntrospection: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer },
      revocation: { enabled: true, allowedPolicy: ownTokenOrResourceServer },
    },
    // A plain number here would override the resource's own lifetime.
    ttl: { ClientCredentials: (ctx, token) => token.resourceServer?.accessTokenTTL ?? defaultTTL },
  });
}
