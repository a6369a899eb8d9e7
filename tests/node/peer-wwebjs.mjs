// Tests whatsapp-web.js, unmodified from npm, on the stand-in. The library's address of WhatsApp
// Web is a constant, so it is set before the client is loaded.
import { createRequire } from 'node:module';
import { CHROME, CHROME_ARGS, PNG, readArguments, assert, assertEqual, eventually, phoneApi, run, sha256, step } from './lib/flow.mjs';

const { url, profile } = readArguments();
const require = createRequire(import.meta.url);
require('whatsapp-web.js/src/util/Constants').WhatsWebURL = url;
const { Client, Location, MessageMedia } = require('whatsapp-web.js');

const api = phoneApi(url);
const LEAD = '5491130000001';
const NOBODY = '5491130000099';
let client = null;
let recorded = null;

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
  recorded = events;
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
    await eventually('a code', () => recorded.qr.length > 0);
    const { codes } = await api.state();
    assertEqual(recorded.qr.at(-1), codes.at(-1).code, 'the code that the client composed');
  });

  await step('the code rotates', async () => {
    const first = recorded.qr[0];
    await eventually('a second code', () => recorded.qr.length > 1);
    assert(recorded.qr[1] !== first, 'the code has not changed');
    assertEqual(recorded.qr[1], (await api.state()).codes.at(-1).code, 'the second code');
  });

  await step('scan the code', async () => {
    await api.scan(recorded.qr.at(-1));
    await eventually('authenticated', () => recorded.authenticated > 0);
  });

  await step('the client becomes ready', async () => {
    await eventually('ready', () => recorded.ready > 0);
    assertEqual(client.info.wid.user, (await api.state()).settings.me, 'the account');
    assertEqual(await client.getState(), 'CONNECTED', 'the state');
  });

  await step('send a message and get its acks', async () => {
    const message = await client.sendMessage(`${LEAD}@c.us`, 'Hola, ¿sigue buscando?', { waitUntilMsgSent: true });
    const received = await api.received(message.id._serialized);
    assertEqual(received.body, 'Hola, ¿sigue buscando?', 'the text');
    assertEqual(received.to, LEAD, 'the recipient');
    assertEqual(received.times_received, 1, 'how often the server received it');
    await eventually('the acks of the message', () => recorded.message_ack.some(([m, ack]) => m.id._serialized === message.id._serialized && ack >= 1));
    await api.call('acks', { id: message.id._serialized, ack: 3 });
    await eventually('the read ack', () => recorded.message_ack.some(([m, ack]) => m.id._serialized === message.id._serialized && ack === 3));
  });

  await step('send an image, a location and a reaction', async () => {
    const picture = new MessageMedia('image/png', PNG, 'casa.png');
    const sent = await client.sendMessage(`${LEAD}@c.us`, picture, { caption: 'la casa', waitUntilMsgSent: true });
    const received = await api.received(sent.id._serialized);
    assertEqual(received.kind, 'image', 'the kind of the message');
    assertEqual(received.caption, 'la casa', 'the caption');
    assertEqual(received.file.sha256, sha256(PNG), 'the content at the phone');
    const place = await client.sendMessage(`${LEAD}@c.us`, new Location(-34.6, -58.4), { waitUntilMsgSent: true });
    assertEqual((await api.received(place.id._serialized)).location.longitude, -58.4, 'the location');
    await sent.react('👍');
    await eventually('the reaction', async () => (await api.messages()).some((m) => m.kind === 'reaction' && m.reacts_to === sent.id.id && m.body === '👍'));
  });

  await step('a number without WhatsApp', async () => {
    await api.call('contacts', { phone: NOBODY, on_whatsapp: false });
    assertEqual(await client.isRegisteredUser(NOBODY), false, 'the number without WhatsApp');
    assertEqual(await client.isRegisteredUser('5491130000002'), true, 'the number with WhatsApp');
  });

  await step('incoming messages', async () => {
    await api.leadMessage({ from: LEAD, name: 'Ana', body: 'sí, claro' });
    const message = await eventually('the message', () => recorded.message.find((m) => m.body === 'sí, claro'));
    assertEqual(message.from, `${LEAD}@c.us`, 'the sender');
    await api.leadMessage({ from: LEAD, body: 'descifrado', ciphertext_ms: 300 });
    await eventually('the ciphertext', () => recorded.message_ciphertext.length > 0);
    await eventually('the text', () => recorded.message.find((m) => m.body === 'descifrado'));
    await api.call('own-messages', { to: LEAD, body: 'desde el teléfono' });
    const own = await eventually('the phone’s own message', () => recorded.message_create.find((m) => m.body === 'desde el teléfono'));
    assertEqual(own.fromMe, true, 'the author of the message');
  });

  let away;
  await step('after a restart, the client is still linked', async () => {
    await close();
    away = await api.leadMessage({ from: LEAD, body: 'mientras no estabas' });
    await open();
    await eventually('ready', () => recorded.ready > 0);
    assertEqual(recorded.qr.length, 0, 'displayed codes');
  });

  await step('a message that came while the browser was closed', async () => {
    const message = await eventually('the message', () => client.getMessageById(away.key));
    assertEqual(message.body, 'mientras no estabas', 'the text');
    await eventually('no message waits', async () => (await api.state()).devices[0].waiting === 0);
  });

  await step('unlink from the phone', async () => {
    await api.call('unlink', {});
    await eventually('disconnected', () => recorded.disconnected.includes('LOGOUT'));
    await eventually('a new code', () => recorded.qr.length > 0);
  });

  await step('log out from the client', async () => {
    const ready = recorded.ready;
    await eventually('the code is the displayed one', async () => recorded.qr.at(-1) === (await api.state()).codes.at(-1)?.code);
    await api.scan(recorded.qr.at(-1));
    await eventually('ready again', () => recorded.ready > ready);
    assertEqual((await api.state()).devices.length, 1, 'devices before the logout');
    await client.logout();
    await eventually('the phone has no device', async () => (await api.state()).devices.length === 0);
  });
}

run(test, close);
