// Runs whatsapp-web.js, unmodified from npm, behind the smallest HTTP wrapper that reports when
// WhatsApp's server has accepted a message: what a developer would write instead of using
// session-manager. `cargo xtask bench` compares the two.
//
//   node bench-wwebjs.mjs <address of the stand-in> <profile folder> <port> [connect]
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { CHROME, CHROME_ARGS } from './lib/flow.mjs';

const [address, profile, port, connect] = process.argv.slice(2);
const require = createRequire(import.meta.url);
// The library's address of WhatsApp Web is a constant, so it is set before the client is loaded.
require('whatsapp-web.js/src/util/Constants').WhatsWebURL = address;
const { Client } = require('whatsapp-web.js');

const client = new Client({
  puppeteer: { executablePath: CHROME, args: CHROME_ARGS, userDataDir: profile, headless: true },
  webVersionCache: { type: 'none' },
});
const listeners = new Set();
const publish = (name, data) => {
  for (const listener of listeners) listener.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
};
client.on('qr', (qr) => publish('qr', { status: 'QR_AVAILABLE', qr }));
client.on('ready', () => publish('state', { status: 'READY' }));
client.on('message', ({ id, from, body }) => publish('message', { id: id._serialized, from, body }));

const routes = {
  'GET /health': () => ({ status: 'ok' }),
  'POST /connect': () => {
    void client.initialize();
    return { success: true };
  },
  'POST /send': async ({ to, message }) => {
    const sent = await client.sendMessage(`${to}@c.us`, message, { waitUntilMsgSent: true });
    return { ok: true, message_id: sent.id._serialized };
  },
};

async function body(request) {
  let text = '';
  for await (const part of request) text += part;
  return text === '' ? null : JSON.parse(text);
}

const server = createServer(async (request, response) => {
  if (request.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': hello\n\n');
    listeners.add(response);
    request.on('close', () => listeners.delete(response));
    return;
  }
  const route = routes[`${request.method} ${request.url}`];
  try {
    const answer = JSON.stringify(await route(await body(request)));
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  } catch (error) {
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ error: String(error) }));
  }
});
// Longer than any pause of the benchmark (in ms): if the server closed an idle connection just as
// the benchmark reused it, the send would fail.
server.keepAliveTimeout = 120_000;
server.listen(Number(port), '127.0.0.1');
if (connect) void client.initialize();

process.on('SIGTERM', async () => {
  await client.destroy().catch(() => undefined);
  process.exit(0);
});
