// An application that uses an MCP server through the official SDK, on a loopback port for the tests to drive:
//
//   POST /call {name, arguments}   calls a tool; answers with {result}, or {authorize} if the user has to go there first
//   GET  /callback                 where the authorization server sends the user back to
//   GET  /log                      [{method, url, message, status, challenge}]: all that the SDK fetched since the start
//
// It takes SERVER, the URL of the MCP server and all it knows, and VERSION, that of the protocol, from the environment,
// prints one ready line, and ends with its standard input.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

import { Application } from './application.mjs';
import { load, speaking } from './sdk.mjs';

const { SERVER, VERSION } = process.env;
const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await load(VERSION);

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');

const origin = `http://127.0.0.1:${server.address().port}`;
const application = new Application(`${origin}/callback`);
const log = [];

async function loggingFetch(input, init) {
  const response = await fetch(input, init);
  const { href } = new URL(input);
  log.push({
    method: init?.method ?? 'GET',
    url: href,
    message: href === SERVER && init?.body ? JSON.parse(init.body).method : undefined,
    status: response.status,
    challenge: response.headers.get('www-authenticate') ?? undefined,
  });
  return response;
}

let transport;
let connected;

async function connect() {
  transport = new StreamableHTTPClientTransport(new URL(SERVER), { authProvider: application, fetch: loggingFetch });
  const client = new Client({ name: 'interop', version: '1.0.0' }, speaking(VERSION));
  await client.connect(transport);
  return client;
}

async function call(tool) {
  try {
    connected ??= await connect();
    return { result: await connected.callTool(tool) };
  } catch (error) {
    if (error instanceof UnauthorizedError) {
      return { authorize: application.authorization };
    }
    throw error;
  }
}

async function finish(parameters) {
  await transport.finishAuth(parameters.get('code'), parameters.get('iss'));
  return {};
}

const routes = {
  'POST /call': (url, body) => call(body),
  'GET /callback': (url) => finish(url.searchParams),
  'GET /log': () => log,
};

server.on('request', async (incoming, response) => {
  const url = new URL(incoming.url, origin);
  try {
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

console.log(JSON.stringify({ ready: true, url: origin }));
