// Tests session-manager's page script in Chromium on the stand-in, without the service: a user at
// the browser, two concurrent searches, passkeys of other sites, a page without an element for the
// code, and the logout reason in the page's address.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, USER_AGENT, readArguments, assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';

const { url } = readArguments();
const waJs = readFileSync(createRequire(import.meta.url).resolve('@wppconnect/wa-js'), 'utf8');
const source = new URL('../../crates/session-manager/page/', import.meta.url);
const { build } = createRequire(source)('esbuild');
const { outputFiles } = await build({
  absWorkingDir: source.pathname,
  entryPoints: ['src/index.ts'],
  bundle: true,
  format: 'iife',
  globalName: 'leadmasterBridge',
  write: false,
});
const bridge = outputFiles[0].text;
const api = phoneApi(url);
const LEAD = '5491140000001';
let browser = null;
let page = null;

/**
 * Makes several calls of the service in one turn of the page. Returns an answer or an error for
 * each.
 */
const calls = async (...requests) => {
  const texts = requests.map(([name, args]) => [name, JSON.stringify(args)]);
  const answers = await page.evaluate((all) => Promise.all(all.map(([name, args]) => __leadmaster.call(name, args))), texts);
  return answers.map((answer) => JSON.parse(answer.slice(answer.indexOf(' ') + 1)));
};
const call = async (name, args = {}) => (await calls([name, args]))[0];
const facts = async () => (await call('facts')).ok;
const scan = (what) => eventually(what, () => api.call('scan', {}).catch(() => null));

async function open(options, { before, address = url } = {}) {
  const context = await browser.newContext({ userAgent: USER_AGENT });
  if (before) await context.addInitScript(before);
  const start = `leadmasterBridge.start(() => {}, ${JSON.stringify({ presence: 'unavailable', ...options })});`;
  await context.addInitScript(`(() => {\n${bridge}\n${start}\n})();\n${waJs}`);
  page = await context.newPage();
  await page.goto(address);
  await eventually('wa-js is loaded', () => page.evaluate(() => WPP.isFullReady));
}

async function test() {
  browser = await chromium.launch({ executablePath: CHROME, args: CHROME_ARGS });

  await step("the user's Cancel ends the passkey ceremony", async () => {
    await api.call('settings', { passkey: true });
    await open({ attended: true });
    for (const turn of ['first', 'second']) {
      await scan(`the ${turn} scan`);
      const passkey = await eventually(`the ${turn} passkey`, async () => (await facts()).passkey);
      assertEqual(passkey.stage, 'asked', 'the user answers, not the service');
      await page.click('[data-testid="shortcake_cancel_button"]');
      // Otherwise, the service would still count the ten minutes of the first passkey.
      await eventually(`a code after the ${turn} Cancel`, async () => {
        const { passkey, code } = await facts();
        return passkey === null && code !== null;
      });
    }
    await page.context().close();
  });

  await step('passkey requests of other sites go to the browser', async () => {
    await api.call('settings', { passkey: false });
    // Records the requests that reach the browser, and answers them instead of an authenticator.
    const before = () => {
      window.asked = [];
      CredentialsContainer.prototype.get = async function (options) {
        window.asked.push(options?.publicKey?.rpId ?? null);
        return 'of the browser';
      };
    };
    await open({ attended: false }, { before });
    const others = ['example.com', 'notwhatsapp.com', 'whatsapp.com.example.org', '127.0.0.1', undefined];
    const answers = await page.evaluate(
      (ids) => Promise.all(ids.map((rpId) => navigator.credentials.get({ publicKey: { rpId, challenge: new Uint8Array(8) } }))),
      others,
    );
    assert(answers.every((answer) => answer === 'of the browser'), JSON.stringify(answers));
    assertEqual(await page.evaluate(() => navigator.credentials.get({ password: true })), 'of the browser', 'the result for a password');
    assertEqual(await page.evaluate(() => navigator.credentials.get()), 'of the browser', 'the result without options');
    assertEqual((await page.evaluate(() => window.asked)).length, others.length + 2, 'requests that reached the browser');
    assertEqual((await facts()).passkey, null, 'the passkey in the facts');
    // Requests of WhatsApp go to the service, and do not reach the browser.
    await page.evaluate(() => {
      for (const rpId of ['whatsapp.com', 'web.whatsapp.com']) {
        navigator.credentials.get({ publicKey: { rpId, challenge: new Uint8Array(8) } }).catch(() => {});
      }
    });
    const { passkey } = await eventually("WhatsApp's passkey", async () => {
      const now = await facts();
      return now.passkey && now;
    });
    assertEqual(passkey.stage, 'required', 'the passkey’s stage');
    assertEqual(passkey.public_key.rpId, 'web.whatsapp.com', 'the relying party of the latest request');
    assertEqual((await page.evaluate(() => window.asked)).length, others.length + 2, 'requests that reached the browser');
    await page.context().close();
  });

  await step('no code is composed without an element for it', async () => {
    await api.call('settings', { data_ref: false });
    await open({ attended: true });
    await eventually('a composed code', async () => (await facts()).code);
    // The page's screen for linking by number shows only that number's code.
    const { ok: byNumber } = await call('pairing_code', { phone: '5491100000001' });
    assert(/^[0-9A-Z]{8}$/.test(byNumber.code.replace('-', '')), byNumber.code);
    await page.evaluate(() => document.querySelector('[data-testid="link-device-qr-code"]').remove());
    await eventually('no code is composed', async () => (await facts()).code === null);
    // The page shows the screen with the QR code again.
    await page.evaluate(() => {
      const place = Object.assign(document.createElement('div'), { id: 'place' });
      place.setAttribute('data-testid', 'link-device-qr-code');
      document.body.append(place);
    });
    await eventually('a composed code after the screen returns', async () => (await facts()).code);
    await page.context().close();
    await api.call('settings', { data_ref: true });
  });

  await step('the number in the address gives the logout reason', async () => {
    for (const [number, name] of [
      ['0', 'CLIENT_FATAL'],
      ['1', 'SYNC_FAIL'],
      ['2', 'INITIAL_HISTORY_SYNC_TIMEOUT'],
      ['3', 'ACCOUNT_LOCKED'],
      ['9', 'logout_reason 9'],
    ]) {
      await open({ attended: false }, { address: `${url}?post_logout=1&logout_reason=${number}` });
      assertEqual(await eventually(`the reason ${number}`, async () => (await facts()).logged_out), name, number);
      await page.context().close();
    }
    await open({ attended: false }, { address: `${url}?post_logout=1` });
    assertEqual(await eventually('a logout', async () => (await facts()).logged_out), 'post_logout', 'the reason without a number');
    await page.context().close();
  });

  await step('only one search runs at a time', async () => {
    await open({ attended: false });
    await scan('the scan');
    await eventually('the page is linked', async () => (await facts()).stream === 'CONNECTED');
    const texts = ['uno', 'dos', 'tres'];
    for (const text of texts) await api.leadMessage({ from: LEAD, body: text });
    const search = { chat: `${LEAD}@c.us`, since: 0, anchor: null, direction: 'before', budget_ms: 1_000 };
    await eventually('the messages are stored', async () => (await call('search', search)).ok?.messages.length === texts.length);
    // The service repeats a search after it has given up waiting for the answer.
    const [first, second] = await calls(['search', search], ['search', search]);
    assertEqual(first.err?.code, 'NOT_READY', 'the result of the first search');
    assert(first.err.message.includes('another search'), first.err.message);
    assertEqual(second.ok.messages.length, texts.length, 'the result of the second search');
    // Other calls that search are limited in the same way.
    const [chats, memory] = await calls(['chats', { since: 0 }], ['memory', { since: 0, limit: 10, mark: '' }]);
    assertEqual(chats.err?.code, 'NOT_READY', 'the result for the list of chats');
    assertEqual(memory.ok.ids.length, texts.length, 'the result for the messages in memory');
    await page.context().close();
  });
}

await run(test, async () => browser?.close());
