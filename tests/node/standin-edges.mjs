// Tests the stand-in's variants and failures through wa-js in Chromium. Each case runs in a new
// profile, so that cases do not affect each other.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, USER_AGENT, readArguments, assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';

const { url } = readArguments();
const bundle = readFileSync(createRequire(import.meta.url).resolve('@wppconnect/wa-js'), 'utf8');
const api = phoneApi(url);
const LEAD = '5491150000001';
let browser = null;
let base = null;
let page = null;
let problems = [];

const registered = (id) => page.evaluate((name) => Boolean(window.require?.('__debug').modulesMap[name]), id);
const socket = async (key) => (await registered('WAWebSocketModel')) && page.evaluate((k) => require('WAWebSocketModel').Socket[k], key);
const reaches = (state) => eventually(`state ${state}`, async () => (await socket('state')) === state);
const ready = () =>
  eventually('ready', async () => (await socket('state')) === 'CONNECTED' && (await socket('stream')) === 'CONNECTED' && (await socket('hasSynced')) && page.evaluate(() => WPP.isFullReady && WPP.conn.isRegistered()));
const send = (to, text, options) =>
  page.evaluate(([a, b, c]) => WPP.chat.sendTextMessage(a, b, { createChat: true, ...c }).catch((error) => ({ error: String(error) })), [`${to}@c.us`, text, options]);
const link = async () => {
  await api.scan();
  await ready();
};
const last = async () => (await api.messages()).at(-1);

async function testCase(name, settings, act) {
  await step(name, async () => {
    await api.call('settings', { ...base, ...settings });
    const context = await browser.newContext({ userAgent: USER_AGENT });
    await context.addInitScript(`window.WPPConfig = { disableGoogleAnalytics: true };\n${bundle}`);
    page = await context.newPage();
    problems = [];
    page.on('pageerror', (error) => problems.push(String(error.stack ?? error)));
    await page.goto(url);
    await eventually('wa-js is loaded', () => page.evaluate(() => WPP.isFullReady));
    await act(context);
    assertEqual(problems.join('\n'), '', 'errors in the page');
    if ((await api.state()).devices.length) await api.call('unlink', {});
    await context.close();
  });
}

async function test() {
  browser = await chromium.launch({ executablePath: CHROME, args: CHROME_ARGS });
  base = (await api.state()).settings;

  await testCase('MsgKey with a renamed field', { msg_key_renamed: true }, async () => {
    await link();
    const key = `true_${LEAD}@c.us_3EB0RENAMED`;
    assertEqual((await send(LEAD, 'x', { messageId: key })).id, key, 'the chosen message id');
    await eventually('the ack of the message', async () => (await last()).acks.includes(2));
    await page.reload();
    await ready();
    assertEqual(await page.evaluate((id) => WPP.chat.getMessageById(id).then((m) => m.ack), key), 2, 'the ack after a reload');
  });

  await testCase('a navigation after the scan', { navigate_after_link: true }, async () => {
    const away = page.waitForNavigation();
    await api.scan();
    await away;
    await ready();
  });

  await testCase('chats addressed by LID', { lid_migrated: true }, async () => {
    await link();
    const sent = await send(LEAD, 'x');
    assert(sent.to.endsWith('@lid') && sent.from.endsWith('@lid'), `the send by LID failed: ${JSON.stringify(sent)}`);
    assertEqual((await last()).to, LEAD, 'the number of the LID');
    const wrong = await send(LEAD, 'x', { messageId: `true_${LEAD}@c.us_3EB0WRONG` });
    assert(wrong.error?.includes('not same of chat'), `an id of another chat was accepted: ${JSON.stringify(wrong)}`);
  });

  await testCase('a saved contact without WhatsApp', { lid_migrated: true }, async () => {
    await api.call('contacts', { phone: '5491150000404', on_whatsapp: false, saved: 'Nadie' });
    await link();
    const to = '5491150000404@c.us';
    assert(await page.evaluate((id) => WPP.contact.queryWidExists(id), to), 'wa-js does not trust the saved contact');
    assertEqual(await page.evaluate((id) => WPP.whatsapp.functions.queryWidExists(WPP.whatsapp.WidFactory.createWid(id)), to), null, 'the lookup at the server');
    const sent = await send('5491150000404', 'x');
    assert(sent.error?.includes('No LID for user'), `the send did not fail: ${JSON.stringify(sent)}`);
  });

  await testCase('the code is an address, without data-ref; Cmd.refreshQR', { code_as_url: true, data_ref: false, cmd_refresh_qr: true, launch_refresh_qr: false, first_code_ms: 800, codes: 1 }, async () => {
    await reaches('UNPAIRED_IDLE');
    assert(await page.evaluate(() => require('WAWebConnModel').Conn.ref), 'the reference is empty');
    await api.call('settings', { first_code_ms: 60_000 });
    await page.evaluate(() => require('WAWebCmd').Cmd.refreshQR());
    await reaches('UNPAIRED');
    assertEqual(await page.locator('[data-ref]').count(), 0, 'data-ref');
    assert((await api.state()).codes[0].code.startsWith('https://wa.me/'), 'the code is no address');
    await link();
  });

  await testCase('the button for new codes', { first_code_ms: 500, codes: 1 }, async () => {
    const button = page.locator('[data-testid="link_device_qr_expired_refresh_button"]');
    await button.waitFor();
    await api.call('settings', { first_code_ms: 60_000 });
    await button.click();
    await page.waitForSelector('[data-ref]');
  });

  await testCase('the account is blocked and unblocked', {}, async () => {
    await link();
    for (const state of ['PROXYBLOCK', 'TOS_BLOCK', 'SMB_TOS_BLOCK', 'DEPRECATED_VERSION']) {
      await api.call('block', { state });
      await reaches(state);
    }
    await page.reload();
    await reaches('DEPRECATED_VERSION');
    await api.call('block', { state: null });
    await ready();
  });

  await testCase('an unanswered send, then the network is lost and restored', {}, async () => {
    await link();
    await api.call('rules', { outcome: 'silent', count: 1 });
    const waiting = send(LEAD, 'sin respuesta');
    await eventually('the server accepts the message', async () => (await last())?.body === 'sin respuesta');
    await api.call('network', { up: false });
    await eventually('the page receives the ack', async () => (await socket('stream')) === 'DISCONNECTED');
    await api.call('network', { up: true });
    assertEqual((await waiting).sendMsgResult.messageSendResult, 'OK', 'the final result');
    assertEqual((await last()).times_received, 2, 'how often the server received it');
  });

  await testCase('an unanswered send, then a reload', {}, async () => {
    await link();
    await api.call('rules', { outcome: 'lost', count: 1 });
    await page.evaluate((to) => void WPP.chat.sendTextMessage(to, 'perdido', { createChat: true }), `${LEAD}@c.us`);
    await eventually('the message is lost', async () => (await api.state()).refused > 0);
    await page.reload();
    await ready();
    await eventually('the message arrives after all', async () => (await last()).body === 'perdido');
  });

  await testCase('the page hangs and loses events', {}, async () => {
    await link();
    const start = Date.now();
    await api.call('page', { hang_ms: 800 });
    await eventually('the page hangs', async () => (await page.evaluate(() => 1)) && Date.now() - start >= 800);
    await page.evaluate(() => {
      window.seen = [];
      WPP.on('chat.new_message', (m) => window.seen.push(m.body));
    });
    await api.call('page', { drop_events_ms: 700 });
    const lost = await api.leadMessage({ from: LEAD, body: 'perdido' });
    await eventually('the message is stored', () => page.evaluate((id) => Boolean(require('WAWebCollections').Msg.get(id)), lost.key));
    await eventually('a later message is reported', async () => {
      await api.leadMessage({ from: LEAD, body: 'visto' });
      return page.evaluate(() => window.seen.includes('visto'));
    });
    assert(!(await page.evaluate(() => window.seen.includes('perdido'))), 'the lost event was repeated');
  });

  await testCase('unlinked while the page was closed', {}, async () => {
    await link();
    await page.goto('about:blank');
    await eventually('the page is closed', async () => (await api.state()).pages === 0);
    await api.call('unlink', {});
    await page.goto(url).catch(() => {});
    await page.waitForURL(/post_logout=1/);
    await page.waitForSelector('[data-ref]');
  });

  await testCase('a user operates the phone’s page', {}, async (context) => {
    const phonePage = await context.newPage();
    phonePage.on('pageerror', (error) => problems.push(String(error.stack ?? error)));
    await phonePage.goto(`${url}phone`);
    const button = (name) => phonePage.getByRole('button', { name, exact: true });
    await button('Escanear').click();
    await ready();
    await phonePage.getByText('conectado', { exact: false }).first().waitFor();
    await button('Enviar').click();
    await eventually('the lead’s message', () => page.evaluate(() => require('WAWebCollections').Msg.some((m) => m.body === 'Hola, me interesa la propiedad')));
    await send('5491155550001', 'Buenas, Ana');
    await phonePage.getByText('Buenas, Ana').waitFor();
    await button('Marcar leído').first().click();
    await phonePage.getByText('✓✓ leído').waitFor();
    await button('Cortar la red').click();
    await eventually('the network is down', async () => (await socket('stream')) === 'DISCONNECTED');
    await button('Devolver la red').click();
    await ready();
    phonePage.on('dialog', (dialog) => dialog.accept());
    await button('Desvincular').click();
    await page.waitForURL(/post_logout=1/);
  });

  await testCase('the settings on the phone’s page', {}, async (context) => {
    const phonePage = await context.newPage();
    phonePage.on('pageerror', (error) => problems.push(String(error.stack ?? error)));
    await phonePage.goto(`${url}phone`);
    // The page shows the current settings. Saving one form keeps the others.
    await phonePage.waitForFunction(() => document.querySelector('[name="passkey_ms"]').value === '600000');
    const change = async (form, values) => {
      for (const [name, value] of Object.entries(values)) {
        const input = phonePage.locator(`#${form} [name="${name}"]`);
        if (typeof value === 'boolean') await input.setChecked(value);
        else await input.fill(value === null ? '' : String(value));
      }
      await phonePage.locator(`#${form} button`).click();
      await eventually(`${form} is saved`, async () => {
        const { settings } = await api.state();
        return Object.entries(values).every(([name, value]) => settings[name] === value);
      });
    };
    const before = (await api.state()).settings;
    const passkey = {
      passkey_ms: 61_000, passkey_phone_ms: null, passkey_step_ms: 62_000, passkey_handoff_ms: 63_000,
      passkey_events: false, passkey_test_ids: false,
    };
    await change('passkey-details', passkey);
    const loading = { query_fails: true, chat_as_anchor: false, code_with_help: true, code_as_url: true, late_blocklist: true };
    await change('loading', loading);
    const { settings } = await api.state();
    assertEqual(JSON.stringify(settings), JSON.stringify({ ...before, ...passkey, ...loading }), 'all settings');
    await change('passkey-details', { passkey_phone_ms: 70 });
    // A reloaded page uses the new settings.
    await page.reload();
    await eventually('the code is an address', async () => (await api.state()).codes[0]?.code.startsWith('https://wa.me/'));
  });

  await testCase('a second tab takes the session', {}, async (context) => {
    await link();
    const second = await context.newPage();
    await second.goto(url);
    await reaches('CONFLICT');
  });

  await testCase('the page answers 500, then nothing, then comes back', {}, async () => {
    await api.call('page', { http: 'error' });
    assertEqual((await page.goto(url)).status(), 500, 'the status');
    await api.call('page', { http: 'hang' });
    const error = await page.goto(url, { timeout: 500 }).catch((e) => e);
    assert(error instanceof Error, 'the request was answered within half a second');
    await api.call('page', { http: 'ok' });
    await page.goto(url);
    await page.waitForSelector('[data-ref]');
  });
}

run(test, async () => browser?.close());
