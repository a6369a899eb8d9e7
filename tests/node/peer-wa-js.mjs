// Tests @wppconnect/wa-js, unmodified from npm, in Chromium on the stand-in.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, PNG, USER_AGENT, readArguments, assert, assertEqual, eventually, phoneApi, run, sha256, step } from './lib/flow.mjs';

const { url, profile } = readArguments();
const bundle = readFileSync(createRequire(import.meta.url).resolve('@wppconnect/wa-js'), 'utf8');
const api = phoneApi(url);
const LEAD = '5491140000001';
const PICTURE = `data:image/png;base64,${PNG}`;
const PICTURE_SHA256 = sha256(PNG);
const NOBODY = '5491140000099';
let context = null;
let page = null;
const problems = [];

async function open() {
  context = await chromium.launchPersistentContext(profile, { executablePath: CHROME, args: CHROME_ARGS, userAgent: USER_AGENT });
  await context.addInitScript(`window.WPPConfig = { disableGoogleAnalytics: true };\n${bundle}`);
  // Keeps all events of the bundle in the page, where the test reads them.
  await context.addInitScript(() => {
    window.recorded = { messages: [], codes: [], acks: [], events: [] };
    WPP.on('chat.new_message', (m) => window.recorded.messages.push({ id: String(m.id), type: m.type, body: m.body, from: String(m.from), fromMe: m.id.fromMe }));
    WPP.on('conn.auth_code_change', (code) => code && window.recorded.codes.push(code.fullCode));
    WPP.on('chat.msg_ack_change', ({ ids, ack }) => ids.forEach((id) => window.recorded.acks.push([String(id), ack])));
    for (const name of ['conn.authenticated', 'conn.main_ready', 'conn.logout', 'conn.require_auth']) WPP.on(name, () => window.recorded.events.push(name));
  });
  page = context.pages()[0];
  page.on('pageerror', (error) => problems.push(String(error.stack ?? error)));
  await page.goto(url);
}

async function close() {
  await context?.close();
  context = null;
}

const inPage = (f, argument) => page.evaluate(f, argument);
const stage = () => inPage(() => ({ ready: WPP.isFullReady, registered: WPP.conn.isRegistered(), authenticated: WPP.conn.isAuthenticated(), mode: WPP.whatsapp.Stream?.mode, state: require('WAWebSocketModel').Socket.state, stream: require('WAWebSocketModel').Socket.stream, synced: require('WAWebSocketModel').Socket.hasSynced }));
const isReady = async () => {
  const s = await stage();
  return s.ready && s.registered && s.authenticated && s.mode === 'MAIN' && s.state === 'CONNECTED' && s.stream === 'CONNECTED' && s.synced && s;
};
const sendText = (to, text, options) => inPage(([a, b, c]) => WPP.chat.sendTextMessage(a, b, { createChat: true, waitForAck: true, ...c }), [`${to}@c.us`, text, options]);

async function test() {
  await step('a QR code appears', async () => {
    await api.call('settings', { first_code_ms: 4000, next_code_ms: 60_000 });
    await open();
    await page.waitForSelector('[data-testid="link-device-qr-code"][data-ref]', { timeout: 10_000 });
    await eventually('wa-js has a code', () => inPage(() => WPP.isInjected && window.recorded.codes.length > 0));
  });

  await step('the code rotates', async () => {
    const first = (await inPage(() => window.recorded.codes))[0];
    await eventually('a second code', () => inPage((known) => window.recorded.codes.some((code) => code !== known), first));
    const code = (await inPage(() => window.recorded.codes)).at(-1);
    const displayed = (await api.state()).codes.at(-1).code;
    assert(displayed.startsWith(`${code},`), `the composed code ${code} is the displayed one ${displayed}`);
    assertEqual(await page.getAttribute('[data-testid="link-device-qr-code"]', 'data-ref'), displayed, 'data-ref');
  });

  await step('scan the code', async () => {
    const code = (await inPage(() => WPP.conn.getAuthCode())).fullCode;
    await api.scan(code);
    await eventually('authenticated', () => inPage(() => WPP.conn.isAuthenticated()));
  });

  await step('the page becomes ready', async () => {
    await eventually('ready', isReady);
    assertEqual(await inPage(() => WPP.conn.getMyUserWid().user), (await api.state()).settings.me, 'the account');
  });

  await step('send a message and get the server’s ack', async () => {
    const key = `true_${LEAD}@c.us_3EB0AAAABBBBCCCCDDDD01`;
    const sent = await sendText(LEAD, 'Hola, ¿sigue buscando?', { messageId: key });
    assertEqual(sent.id, key, 'the chosen message id');
    assertEqual(sent.ack, 1, 'the ack');
    assertEqual(sent.sendMsgResult.messageSendResult, 'OK', 'the send result');
    assertEqual((await api.received(key)).body, 'Hola, ¿sigue buscando?', 'the text');
    await eventually('the ack is reported', () => inPage((id) => window.recorded.acks.some(([recorded]) => recorded === id), key));
    const again = await sendText(LEAD, 'Hola, ¿sigue buscando?', { messageId: key });
    assertEqual(again.sendMsgResult.messageSendResult, 'OK', 'the result of a repeated id');
    assertEqual((await api.received(key)).times_received, 2, 'how often the server received it');
    assertEqual((await api.messages()).filter((m) => m.key === key).length, 1, 'how often it was delivered');
  });

  await step('send an image, a location, a contact card, a reply and a reaction', async () => {
    const key = `true_${LEAD}@c.us_3EB0AAAABBBBCCCCDDDD02`;
    const sent = await inPage(([to, id, data]) => WPP.chat.sendFileMessage(to, data, { type: 'image', caption: 'la casa', filename: 'casa.png', createChat: true, waitForAck: true, messageId: id }), [`${LEAD}@c.us`, key, PICTURE]);
    assertEqual(sent.id, key, 'the chosen message id');
    assertEqual(sent.sendMsgResult.messageSendResult, 'OK', 'the send result');
    const picture = await api.received(key);
    assertEqual(picture.kind, 'image', 'the kind of the message');
    assertEqual(picture.caption, 'la casa', 'the caption');
    assertEqual(picture.file.sha256, PICTURE_SHA256, 'the content at the phone');
    await api.call('rules', { to: LEAD, outcome: 'upload_failed', count: 1 });
    const failed = await inPage(([to, data]) => WPP.chat.sendFileMessage(to, data, { type: 'document', filename: 'a.png', waitForAck: true }), [`${LEAD}@c.us`, PICTURE]);
    assertEqual(failed.sendMsgResult.messageSendResult, 'ERROR_UPLOAD', 'the result of a failed upload');
    const place = await inPage((to) => WPP.chat.sendLocationMessage(to, { lat: -34.6, lng: -58.4, name: 'Obelisco', waitForAck: true }), `${LEAD}@c.us`);
    assertEqual((await api.received(place.id)).location.latitude, -34.6, 'the location');
    const card = await inPage((to) => WPP.chat.sendVCardContactMessage(to, { id: '5491140000002@c.us', name: 'Ana' }, { waitForAck: true }), `${LEAD}@c.us`);
    assert((await api.received(card.id)).cards[0].includes('FN:Ana'), 'the contact card did not arrive');
    const reply = await sendText(LEAD, 'esa', { quotedMsg: key, mentionedList: ['5491140000002@c.us'] });
    const replied = await api.received(reply.id);
    assertEqual(`true_${LEAD}@c.us_${replied.quoted}`, key, 'the quoted message');
    assertEqual(replied.mentions[0], '5491140000002@c.us', 'the mentioned contact');
    const reacted = await inPage((id) => WPP.chat.sendReactionToMessage(id, '👍'), key);
    assertEqual(reacted.sendMsgResult, undefined, 'the send result of a reaction');
    const reaction = (await api.messages()).at(-1);
    assertEqual(`${reaction.kind} ${reaction.body}`, 'reaction 👍', 'the content at the phone');
  });

  await step('refused sends and their error numbers', async () => {
    await api.call('rules', { to: LEAD, outcome: 'network_error', count: 1 });
    assertEqual((await sendText(LEAD, 'no llega')).sendMsgResult.messageSendResult, 'ERROR_NETWORK', 'the send result');
    await api.call('rules', { to: LEAD, outcome: 'reach_out_463', count: 1 });
    const refused = await sendText(LEAD, 'tampoco');
    assertEqual(refused.sendMsgResult.messageSendResult, 'ERROR_UNKNOWN', 'the send result');
    assertEqual(refused.sendMsgResult.ackErrorCode, 463, 'the error number');
    assertEqual(refused.sendMsgResult.errorCode, undefined, 'the other error field');
    assertEqual(refused.ack, -1, 'the ack');
    await api.call('rules', { to: LEAD, outcome: 'new_chats_475', count: 1 });
    assertEqual((await sendText(LEAD, 'mucho')).sendMsgResult.ackErrorCode, 475, 'the monthly limit');
    // A failure within the page has no error number, and the message keeps its clock icon.
    for (const outcome of ['unknown', 'unknown_taken']) {
      await api.call('rules', { to: LEAD, outcome, count: 1 });
      const failed = await sendText(LEAD, outcome);
      assertEqual(failed.sendMsgResult.messageSendResult, 'ERROR_UNKNOWN', 'the send result');
      assertEqual('ackErrorCode' in failed.sendMsgResult, false, 'whether there is an error number');
      assertEqual(failed.ack, 0, 'the ack');
      const there = (await api.messages()).some((message) => message.body === outcome);
      assertEqual(there, outcome === 'unknown_taken', 'whether the server has the message');
    }
  });

  await step('a send to a blocked contact fails', async () => {
    await api.call('contacts', { phone: LEAD, blocked: true });
    await eventually('the page knows the block', () => inPage((to) => WPP.blocklist.isBlocked(to), `${LEAD}@c.us`));
    const key = `true_${LEAD}@c.us_3EB0BLOCKED0`;
    const thrown = await inPage(([to, id]) => WPP.chat.sendTextMessage(to, 'nada', { messageId: id, waitForAck: true }).then(() => null, String), [`${LEAD}@c.us`, key]);
    assert(thrown?.includes('Contact is blocked'), `the send did not fail as blocked: ${thrown}`);
    assertEqual(await inPage((id) => WPP.chat.getMessageById(id).then((m) => m.ack), key), 0, 'the ack of the stored message');
    const file = await inPage(([to, png]) => WPP.chat.sendFileMessage(to, `data:image/png;base64,${png}`, { type: 'image', waitForAck: true }), [`${LEAD}@c.us`, PNG]);
    assertEqual(`${file.sendMsgResult.messageSendResult} ${file.sendMsgResult.ackErrorCode} ${file.ack}`, 'ERROR_UNKNOWN undefined -1', 'the send result of a file');
    await api.call('contacts', { phone: LEAD, blocked: false });
    await eventually('the page knows the block', () => inPage((to) => !WPP.blocklist.isBlocked(to), `${LEAD}@c.us`));
  });

  await step('the limits of the account', async () => {
    const lock = () => inPage(() => [require('WAWebReachoutTimelockUtils').isUserReachoutTimelocked(), require('WAWebIndividualNewChatMessageCappingLimitUtils').getCappingData()?.capping_status ?? null]);
    assertEqual(JSON.stringify(await lock()), '[false,null]', 'the lock at first');
    await inPage(() => require('WAWebCmd').Cmd.on('reachout_timelock_state_change', () => (window.told = true)));
    await api.call('limits', { reach_out: { until_ms: Date.now() + 60_000 }, new_chats: { status: 'FIRST_WARNING', used: 80, total: 100, cycle_end_s: 4e9 } });
    await eventually('the page receives the lock', () => inPage(() => window.told));
    assertEqual(JSON.stringify(await lock()), '[true,"FIRST_WARNING"]', 'the lock afterwards');
    await api.call('limits', {});
    await eventually('the lock is lifted', async () => JSON.stringify(await lock()) === '[false,null]');
    assertEqual(await inPage(() => WPP.conn.getHistorySyncProgress().progress), 100, 'the state of the history sync');
  });

  await step('send 64 messages at once', async () => {
    const start = Date.now();
    const good = await inPage(async () => {
      const all = Array.from({ length: 64 }, (_, i) => WPP.chat.sendTextMessage(`54911410000${10 + i}@c.us`, `nº ${i}`, { createChat: true, waitForAck: true }));
      return (await Promise.all(all)).filter((sent) => sent.sendMsgResult.messageSendResult === 'OK').length;
    });
    assertEqual(good, 64, 'acknowledged messages');
    assert(Date.now() - start < 5000, `64 at once took ${Date.now() - start} ms`);
  });

  await step('a number without WhatsApp', async () => {
    await api.call('contacts', { phone: NOBODY, on_whatsapp: false });
    assertEqual(await inPage((n) => WPP.contact.queryExists(`${n}@c.us`), NOBODY), null, 'the number without WhatsApp');
    const somebody = await inPage(() => WPP.contact.queryExists('5491140000002@c.us'));
    assertEqual(somebody.wid.user, '5491140000002', 'the number with WhatsApp');
    assertEqual(somebody.lid.server, 'lid', 'the LID of the number');
  });

  await step('incoming messages', async () => {
    const plain = await api.leadMessage({ from: LEAD, name: 'Ana', body: 'sí, claro' });
    const message = await eventually('the message', () => inPage((id) => window.recorded.messages.find((m) => m.id === id), plain.key));
    assertEqual(message.from, `${LEAD}@c.us`, 'the sender');
    const secret = await api.leadMessage({ from: '5491140000003', body: 'descifrado', ciphertext_ms: 300, lid: true });
    const types = await eventually('the text after the ciphertext', async () => {
      const all = await inPage((id) => window.recorded.messages.filter((m) => m.id === id), secret.key);
      return all.at(-1)?.type === 'chat' && all;
    });
    assertEqual(types.at(-1).body, 'descifrado', 'the text');
    assert(types[0].from.endsWith('@lid'), `the sender is a LID: ${types[0].from}`);
    assertEqual(await inPage((lid) => String(WPP.whatsapp.lidPnCache.getPhoneNumber(lid)), types[0].from), '5491140000003@c.us', 'the number of the LID');
    const own = await api.call('own-messages', { to: LEAD, body: 'desde el teléfono' });
    await eventually('the phone’s own message', () => inPage((id) => window.recorded.messages.find((m) => m.id === id && m.fromMe), own.key));
  });

  await step('the network is lost and restored', async () => {
    await api.call('network', { up: false });
    await eventually('TIMEOUT', async () => (await stage()).state === 'TIMEOUT');
    const pending = sendText(LEAD, 'con la red caída');
    await api.call('network', { up: true });
    assertEqual((await pending).sendMsgResult.messageSendResult, 'OK', 'the result of the waiting send');
    await eventually('ready again', isReady);
  });

  await step('a conflict, and taking over', async () => {
    await api.call('conflict', {});
    await eventually('CONFLICT', async () => (await stage()).state === 'CONFLICT');
    await inPage(() => require('WAWebSocketModel').Socket.takeover());
    await eventually('ready again', isReady);
  });

  let away;
  await step('after a restart, the page is still linked', async () => {
    await close();
    away = await api.leadMessage({ from: LEAD, body: 'mientras no estabas' });
    await open();
    await eventually('ready', isReady);
    assertEqual((await inPage(() => window.recorded.codes)).length, 0, 'displayed codes');
  });

  await step('a message that came while the browser was closed', async () => {
    const message = await eventually('the message', () => inPage(async (id) => { const m = await WPP.chat.getMessageById(id); return m && { body: m.body }; }, away.key));
    assertEqual(message.body, 'mientras no estabas', 'the text');
    const sent = await inPage((id) => WPP.chat.getMessageById(id).then((m) => m.ack), `true_${LEAD}@c.us_3EB0AAAABBBBCCCCDDDD01`);
    assert(sent >= 1, `the message from before the restart has no ack: ${sent}`);
  });

  await step('unlink from the phone', async () => {
    await api.call('unlink', {});
    await page.waitForURL(/post_logout=1/, { timeout: 10_000 });
    await page.waitForSelector('[data-testid="link-device-qr-code"][data-ref]', { timeout: 10_000 });
    await eventually('not registered', async () => (await stage()).registered === false);
  });

  await step('link by phone number', async () => {
    await eventually('wa-js is loaded', () => inPage(() => WPP.isFullReady));
    const code = await inPage(() => WPP.conn.genLinkDeviceCodeForPhoneNumber('5491140000005'));
    assertEqual(code.length, 8, 'the length of the code');
    await api.call('link-code', { code });
    await eventually('ready', isReady);
    assertEqual(await inPage(() => WPP.conn.getMyUserWid().user), '5491140000005', 'the account');
  });

  await step('log out from the page', async () => {
    await inPage(() => { WPP.conn.logout(); });
    await eventually('the phone has no device', async () => (await api.state()).devices.length === 0);
    await page.waitForSelector('[data-testid="link-device-qr-code"][data-ref]', { timeout: 10_000 });
  });

  await step('codes run out and start again', async () => {
    await api.call('settings', { first_code_ms: 300, next_code_ms: 200, codes: 3 });
    await page.reload();
    await page.waitForSelector('[data-testid="link_device_qr_expired_refresh_button"]', { timeout: 10_000 });
    assertEqual((await stage()).state, 'UNPAIRED_IDLE', 'the state');
    await api.call('settings', { first_code_ms: 60_000 });
    await inPage(() => require('WAWebLaunchSocketUtils').refreshQR());
    await eventually('a new code', async () => (await stage()).state === 'UNPAIRED');
  });

  assertEqual(problems.join('\n'), '', 'errors in the page');
}

run(test, close);
