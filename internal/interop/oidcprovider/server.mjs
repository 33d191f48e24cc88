// A real authorization server for the interop tests, on a loopback port, with a few controls under /_test/:
//
//   POST /_test/rotate?mode=add|replace   sign with new keys; keep publishing the old ones, or withdraw them
//   GET  /_test/log                       {"requests": {path: count}} since the last reset
//   POST /_test/reset-log
//
// It takes PORT and STATE, a directory in which keys and tokens outlive it, from the environment, prints one ready
// line, and ends with its standard input, so that it never outlives the test that started it. With TLS_CERT, TLS_KEY
// and CLIENT_CA, files in PEM, it serves clients with certificates (RFC 8705) on a second port, which is any free one.
// With KEYS_MAX_AGE the key set may be cached for so many seconds.
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';

import { generateKeys } from './keys.mjs';
import { login } from './login.mjs';
import { newProvider } from './provider.mjs';
import { restore, snapshot } from './store.mjs';

console.info = console.error; // standard output carries the ready line and nothing else

const server = createServer().listen(Number(process.env.PORT), '127.0.0.1');
await once(server, 'listening');

const issuer = `http://127.0.0.1:${server.address().port}`;
const state = join(process.env.STATE, 'state.json');
const saved = existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')) : { keys: await generateKeys([]), records: [] };
restore(saved.records);
let { keys } = saved;
let provider = newProvider(issuer, keys);
let handle = provider.callback();
let requests = {};

process.on('exit', () => writeFileSync(state, JSON.stringify({ keys, records: snapshot() })));

async function rotate(mode) {
  if (mode !== 'add' && mode !== 'replace') {
    return { status: 400, body: { error: 'mode is add or replace' } };
  }
  const fresh = await generateKeys(keys);
  keys = mode === 'add' ? [...fresh, ...keys] : fresh;
  provider = newProvider(issuer, keys);
  handle = provider.callback();
  return { status: 200, body: { kids: keys.map((key) => key.kid) } };
}

const controls = {
  'POST /_test/rotate': (url) => rotate(url.searchParams.get('mode')),
  'GET /_test/log': () => ({ status: 200, body: { requests } }),
  'POST /_test/reset-log': () => {
    requests = {};
    return { status: 200, body: {} };
  },
};

async function answer(request, response) {
  const url = new URL(request.url, issuer);
  const control = controls[`${request.method} ${url.pathname}`];
  if (url.pathname.startsWith('/interaction/')) {
    await login(provider, request, response);
    return;
  }
  if (!control) {
    requests[url.pathname] = (requests[url.pathname] ?? 0) + 1;
    if (url.pathname === '/jwks' && process.env.KEYS_MAX_AGE) {
      response.setHeader('cache-control', `max-age=${process.env.KEYS_MAX_AGE}`);
    }
    handle(request, response);
    return;
  }
  const { status, body } = await control(url);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

server.on('request', answer);

async function listenWithTLS({ TLS_CERT: cert, TLS_KEY: key, CLIENT_CA: ca }) {
  if (!cert) {
    return undefined;
  }
  // Self-signed certificates have to get through the handshake; whose certificate is good for what, the Provider says.
  const asking = { requestCert: true, rejectUnauthorized: false };
  const files = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca) };
  const secure = createSecureServer({ ...files, ...asking }, answer).listen(0, '127.0.0.1');
  await once(secure, 'listening');
  return `https://127.0.0.1:${secure.address().port}`;
}

const secureOrigin = await listenWithTLS(process.env);

process.on('SIGTERM', () => process.exit());
process.stdin.on('end', () => process.exit()).resume();

console.log(JSON.stringify({
  ready: true,
  issuer,
  token_endpoint: `${issuer}/token`,
  introspection_endpoint: `${issuer}/token/introspection`,
  revocation_endpoint: `${issuer}/token/revocation`,
  registration_endpoint: `${issuer}/reg`,
  end_session_endpoint: `${issuer}/session/end`,
  mtls_token_endpoint: secureOrigin && `${secureOrigin}/token`,
}));
