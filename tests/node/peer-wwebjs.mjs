// Tests whatsapp-web.js, unmodified from npm, on the stand-in. The library's address of WhatsApp
// Web is a constant, so it is set before the client is loaded.
import { createRequire } from 'node:module';
import { CHROME, CHROME_ARGS, PNG, arguments_, assert, equal, eventually, phone, run, sha256, step } from './lib/peer.mjs';

const { url, profile } = arguments_();
const require = createRequire(import.meta.url);
require('whatsapp-web.js/src/util/Constants').WhatsWebURL = url;
const { Client, Location, MessageMedia } = require('whatsapp-web.js');

const api = phone(url);
const LEAD = '5491130000001';
const NOBODY = '5491130000099';
let client = null;
let seen = null;

function open() {
  client = new Client({
    puppeteer: { executablePath: CHROME, args: CHROME_ARGS, userDataDir: profile, headless: true },
    webVersionCache: { type: 'none' },
    authTimeoutMs: 20_000,
  });
  const events = { qr: [], authenticated: 0, ready: 0, message: [], message_create: [], message_ciphertext: [], message_ack: [], disconnected: [] };
  for (const name of Object.keys(events)) {
    client.on(name, (value, more) => {
      if (Array.isArray(events[name])) events[name].push(more === undefined ? value : [value, more]);
      else events[name]++;
    });
  }
  seen = events;
  return client.initialize();
}

async function close() {
  const browser = client?.pupBrowser;
  const child = browser?.process();
  await client?.destroy();
  if (child && child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
  client = null;
}

async function test() {
  await step('a QR code appears', async () => {
    await api.call('settings', { first_code_ms: 4000, next_code_ms: 60_000, sync_ms: 1500 });
    await open();
    await eventually('a code', () => seen.qr.length > 0);
    const { codes } = await api.state();
    equal(seen.qr.at(-1), codes.at(-1).code, 'the code the client composed');
  });

  await step('the code rotates', async () => {
    const first = seen.qr[0];
    await eventually('a second code', () => seen.qr.length > 1);
    assert(seen.qr[1] !== first, 'the code changes');
    equal(seen.qr[1], (await api.state()).codes.at(-1).code, 'the second code');
  });

  await step('scan the code', async () => {
    await api.scan(seen.qr.at(-1));
    await eventually('authenticated', () => seen.authenticated > 0);
  });

  await step('the client becomes ready', async () => {
    await eventually('ready', () => seen.ready > 0);
    equal(client.info.wid.user, (await api.state()).settings.me, 'the account');
    equal(await client.getState(), 'CONNECTED', 'the state');
  });

  await step('send a message and get its acks', async () => {
    const message = await client.sendMessage(`${LEAD}@c.us`, 'Hola, ¿sigue buscando?', { waitUntilMsgSent: true });
    const received = await api.received(message.id._serialized);
    equal(received.body, 'Hola, ¿sigue buscando?', 'the text');
    equal(received.to, LEAD, 'the lead');
    equal(received.times_received, 1, 'how often it came');
    await eventually('its acks', () => seen.message_ack.some(([m, ack]) => m.id._serialized === message.id._serialized && ack >= 1));
    await api.call('acks', { id: message.id._serialized, ack: 3 });
    await eventually('its reading', () => seen.message_ack.some(([m, ack]) => m.id._serialized === message.id._serialized && ack === 3));
  });

  await step('send an image, a location and a reaction', async () => {
    const picture = new MessageMedia('image/png', PNG, 'casa.png');
    const sent = await client.sendMessage(`${LEAD}@c.us`, picture, { caption: 'la casa', waitUntilMsgSent: true });
    const received = await api.received(sent.id._serialized);
    equal(received.kind, 'image', 'its kind');
    equal(received.caption, 'la casa', 'what stands below it');
    equal(received.file.sha256, sha256(PNG), 'what arrived');
    const place = await client.sendMessage(`${LEAD}@c.us`, new Location(-34.6, -58.4), { waitUntilMsgSent: true });
    equal((await api.received(place.id._serialized)).location.longitude, -58.4, 'the place');
    await sent.react('👍');
    await eventually('the reaction', async () => (await api.messages()).some((m) => m.kind === 'reaction' && m.reacts_to === sent.id.id && m.body === '👍'));
  });

  await step('a number without WhatsApp', async () => {
    await api.call('contacts', { phone: NOBODY, on_whatsapp: false });
    equal(await client.isRegisteredUser(NOBODY), false, 'nobody’s number');
    equal(await client.isRegisteredUser('5491130000002'), true, 'somebody’s number');
  });

  await step('incoming messages', async () => {
    await api.leadMessage({ from: LEAD, name: 'Ana', body: 'sí, claro' });
    const message = await eventually('the message', () => seen.message.find((m) => m.body === 'sí, claro'));
    equal(message.from, `${LEAD}@c.us`, 'its sender');
    await api.leadMessage({ from: LEAD, body: 'descifrado', ciphertext_ms: 300 });
    await eventually('the ciphertext', () => seen.message_ciphertext.length > 0);
    await eventually('its text', () => seen.message.find((m) => m.body === 'descifrado'));
    await api.call('own-messages', { to: LEAD, body: 'desde el teléfono' });
    const own = await eventually('what the phone sent', () => seen.message_create.find((m) => m.body === 'desde el teléfono'));
    equal(own.fromMe, true, 'whose it is');
  });

  let away;
  await step('after a restart, the client is still linked', async () => {
    await close();
    away = await api.leadMessage({ from: LEAD, body: 'mientras no estabas' });
    await open();
    await eventually('ready', () => seen.ready > 0);
    equal(seen.qr.length, 0, 'codes shown');
  });

  await step('a message that came while the browser was closed', async () => {
    const message = await eventually('the message', () => client.getMessageById(away.key));
    equal(message.body, 'mientras no estabas', 'its text');
    await eventually('nothing waits any more', async () => (await api.state()).devices[0].waiting === 0);
  });

  await step('unlink from the phone', async () => {
    await api.call('unlink', {});
    await eventually('disconnected', () => seen.disconnected.includes('LOGOUT'));
    await eventually('a new code', () => seen.qr.length > 0);
  });

  await step('log out from the client', async () => {
    const ready = seen.ready;
    await eventually('the code is the page’s', async () => seen.qr.at(-1) === (await api.state()).codes.at(-1)?.code);
    await api.scan(seen.qr.at(-1));
    await eventually('ready again', () => seen.ready > ready);
    equal((await api.state()).devices.length, 1, 'devices before');
    await client.logout();
    await eventually('the phone sees the device gone', async () => (await api.state()).devices.length === 0);
  });
}

run(test, close);
