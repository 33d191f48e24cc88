// A real OAuth client for the interop tests: openid-client, and a small web application around it on a loopback port:
//
//   GET  /login?resource=&scope=&acr_values=&max_age=   sends the browser to the authorization server
//   GET  /callback                                      answers it with the tokens when it comes back
//   POST /token     {resource, scope}                   client credentials, bound to the client's key
//   POST /request   {method, url, access_token}         asks a resource server, with proofs by that key, as often as it
//                                                       takes; answers with the statuses
//   POST /proof     {method, url, access_token}         makes such a proof, and sends nothing
//
// It takes ISSUER, METADATA (what it registers with, RFC 7591, beside its redirect URI) and DPOP_ALG from the
// environment, prints one ready line, and ends with its standard input.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

import * as client from 'openid-client';

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');

const origin = `http://127.0.0.1:${server.address().port}`;
const redirectURI = `${origin}/callback`;

const overLoopback = { execute: [client.allowInsecureRequests] };
const registered = await client.dynamicClientRegistration(new URL(process.env.ISSUER), {
  redirect_uris: [redirectURI],
  grant_types: ['authorization_code', 'client_credentials'],
  ...JSON.parse(process.env.METADATA),
}, client.ClientSecretBasic(), overLoopback);

const key = await client.randomDPoPKeyPair(process.env.DPOP_ALG);
const DPoP = client.getDPoPHandle(registered, key); // it remembers the nonces of each server
const logins = new Map(); // what is to be checked when a user comes back, by state

async function startLogin(url) {
  const codeVerifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const parameters = { ...Object.fromEntries(url.searchParams), redirect_uri: redirectURI, state };
  logins.set(state, { resource: parameters.resource, pkceCodeVerifier: codeVerifier, expectedState: state });
  return client.buildAuthorizationUrl(registered, {
    ...parameters,
    code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  });
}

async function finishLogin(url) {
  const { resource, ...checks } = logins.get(url.searchParams.get('state'));
  return client.authorizationCodeGrant(registered, url, checks, { resource });
}

// The registered client, with another way to send requests.
function withFetch(customFetch) {
  const { client_id: id, client_secret: secret } = registered.clientMetadata();
  const config = new client.Configuration(registered.serverMetadata(), id, secret);
  client.allowInsecureRequests(config);
  config[client.customFetch] = customFetch;
  return config;
}

async function protectedResource(config, { method, url, access_token: token }) {
  try {
    return await client.fetchProtectedResource(config, token, new URL(url), method, null, undefined, { DPoP });
  } catch (error) {
    if (error instanceof client.WWWAuthenticateChallengeError) {
      return error.response;
    }
    throw error;
  }
}

async function request(wanted) {
  const statuses = [];
  const response = await protectedResource(withFetch(async (...args) => {
    const answer = await fetch(...args);
    statuses.push(answer.status);
    return answer;
  }), wanted);
  await response.text();
  return { statuses };
}

async function prove(wanted) {
  const echo = withFetch(async (url, { headers }) => new Response(null, { headers: { dpop: headers.dpop } }));
  return { proof: (await protectedResource(echo, wanted)).headers.get('dpop') };
}

const routes = {
  'GET /callback': (url) => finishLogin(url),
  'POST /token': (url, body) => client.clientCredentialsGrant(registered, body, { DPoP }),
  'POST /request': (url, body) => request(body),
  'POST /proof': (url, body) => prove(body),
};

server.on('request', async (incoming, response) => {
  const url = new URL(incoming.url, origin);
  try {
    if (url.pathname === '/login') {
      response.writeHead(303, { location: (await startLogin(url)).href }).end();
      return;
    }
    const body = incoming.method === 'POST' ? await json(incoming) : undefined;
    const answer = await routes[`${incoming.method} ${url.pathname}`](url, body);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error));
  }
});

process.on('SIGTERM', () => process.exit());
process.stdin.on('end', () => process.exit()).resume();

console.log(JSON.stringify({ ready: true, url: origin, client_id: registered.clientMetadata().client_id }));
