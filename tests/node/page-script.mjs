// The service's page script in Chromium on the stand-in, without the service: with
// a person at the browser, and with two searches at once.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, USER_AGENT, arguments_, assert, equal, eventually, phone, run, step } from './lib/peer.mjs';

const { url } = arguments_();
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
const api = phone(url);
const LEAD = '5491140000001';
let browser = null;
let page = null;

/** Calls of the service in one turn of the page, each with its answer or its error. */
const calls = async (...wanted) => {
  const texts = wanted.map(([name, args]) => [name, JSON.stringify(args)]);
  const answers = await page.evaluate((all) => Promise.all(all.map(([name, args]) => __leadmaster.call(name, args))), texts);
  return answers.map((answer) => JSON.parse(answer.slice(answer.indexOf(' ') + 1)));
};
const call = async (name, args = {}) => (await calls([name, args]))[0];
const facts = async () => (await call('facts')).ok;
const scan = (what) => eventually(what, () => api.call('scan', {}).catch(() => null));

async function open(options) {
  const context = await browser.newContext({ userAgent: USER_AGENT });
  const start = `leadmasterBridge.start(() => {}, ${JSON.stringify({ presence: 'unavailable', ...options })});`;
  await context.addInitScript(`(() => {\n${bridge}\n${start}\n})();\n${waJs}`);
  page = await context.newPage();
  await page.goto(url);
  await eventually('wa-js is in', () => page.evaluate(() => WPP.isFullReady));
}

async function test() {
  browser = await chromium.launch({ executablePath: CHROME, args: CHROME_ARGS });

  await step("a person's own Cancel ends the ceremony", async () => {
    await api.call('settings', { passkey: true });
    await open({ attended: true });
    for (const turn of ['first', 'second']) {
      await scan(`the ${turn} scan`);
      const asked = await eventually(`the ${turn} passkey`, async () => (await facts()).passkey);
      equal(asked.stage, 'asked', 'a person answers, not the service');
      await page.click('[data-testid="shortcake_cancel_button"]');
      // Else the service would go on counting the first one's ten minutes.
      await eventually(`a code after the ${turn} Cancel`, async () => {
        const { passkey, code } = await facts();
        return passkey === null && code !== null;
      });
    }
    await page.context().close();
  });

  await step('one search at a time', async () => {
    await api.call('settings', { passkey: false });
    await open({ attended: false });
    await scan('the scan');
    await eventually('it is linked', async () => (await facts()).stream === 'CONNECTED');
    const texts = ['uno', 'dos', 'tres'];
    for (const text of texts) await api.leadMessage({ from: LEAD, body: text });
    const search = { chat: `${LEAD}@c.us`, since: 0, anchor: null, direction: 'before', budget_ms: 1_000 };
    await eventually('they are stored', async () => (await call('search', search)).ok?.messages.length === texts.length);
    // The service asks again when it has given up on an answer.
    const [first, second] = await calls(['search', search], ['search', search]);
    equal(first.err?.code, 'NOT_READY', 'the first one');
    assert(first.err.message.includes('another search'), first.err.message);
    equal(second.ok.messages.length, texts.length, 'the second one');
    // Whatever it asks for: they share the page's one search.
    const [chats, memory] = await calls(['chats', { since: 0 }], ['memory', { since: 0, limit: 10, mark: '' }]);
    equal(chats.err?.code, 'NOT_READY', 'the list of chats');
    equal(memory.ok.ids.length, texts.length, 'the messages in memory');
    await page.context().close();
  });
}

await run(test, async () => browser?.close());
