// whatsapp-web.js, unmodified from npm, behind the thinnest HTTP wrapper that
// says when WhatsApp's server took a message: what a user would write instead
// of session-manager. `cargo xtask bench` measures one against the other.
//
//   node bench-wwebjs.mjs <address of the stand-in> <profile folder> <port> [connect]
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { CHROME, CHROME_ARGS } from './lib/peer.mjs';

const [address, profile, port, connect] = process.argv.slice(2);
const require = createRequire(import.meta.url);
// Its address of WhatsApp Web is a constant: it is set before the client loads.
require('whatsapp-web.js/src/util/Constants').WhatsWebURL = address;
const { Client } = require('whatsapp-web.js');

const client = new Client({
  puppeteer: { executablePath: CHROME, args: CHROME_ARGS, userDataDir: profile, headless: true },
  webVersionCache: { type: 'none' },
});
const listeners = new Set();
const tell = (name, data) => {
  for (const listener of listeners) listener.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
};
client.on('qr', (qr) => tell('qr', { status: 'QR_AVAILABLE', qr }));
client.on('ready', () => tell('state', { status: 'READY' }));
client.on('message', ({ id, from, body }) => tell('message', { id: id._serialized, from, body }));

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
// Longer than any pause of the benchmark: a connection closed by the server at the very
// moment it is used again would break a send off.
server.keepAliveTimeout = 120_000;
server.listen(Number(port), '127.0.0.1');
if (connect) void client.initialize();

process.on('SIGTERM', async () => {
  await client.destroy().catch(() => undefined);
  process.exit(0);
});
