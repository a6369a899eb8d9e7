// Opens the hub's page in Chromium as a user does, and calls the hub's API as the administrator.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, assert, assertEqual, eventually } from './flow.mjs';

const LONG = 60_000;
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Returns the helpers for one browser. `args` are passed to Chromium after the usual arguments. */
export function createVisitor({
  hub,
  password,
  screenshotFolder,
  viewport = { width: 1200, height: 900 },
  args = [],
}) {
  let browser = null;
  let page = null;
  const pageErrors = [];

  const button = (name) => page.getByRole('button', { name, exact: true });
  const dialog = () => page.getByRole('dialog');
  const waitForText = (text, timeout = LONG) => page.getByText(text).first().waitFor({ timeout });

  /** Calls the hub's API as the administrator. */
  async function api(path, method = 'GET', body = undefined) {
    const headers = { 'content-type': 'application/json' };
    if (password) headers.authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    const response = await fetch(`${hub}${path}`, {
      method,
      headers,
      body: body === undefined ? (method === 'GET' ? undefined : '{}') : JSON.stringify(body),
    });
    const answer = response.status === 204 ? null : await response.json();
    assert(response.ok, `${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  async function open() {
    if (screenshotFolder) mkdirSync(screenshotFolder, { recursive: true });
    browser = await chromium.launch({ executablePath: CHROME, args: [...CHROME_ARGS, ...args] });
    const context = await browser.newContext({
      viewport,
      colorScheme: 'light',
      locale: 'es-AR',
      // A time zone that no test expects: the page has to show times in the zone of the business.
      timezoneId: 'Pacific/Auckland',
    });
    page = await context.newPage();
    page.on('pageerror', (error) => pageErrors.push(`page error: ${error.stack ?? error}`));
    page.on('dialog', (box) => pageErrors.push(`the browser asked: ${box.message()}`));
    page.on('console', (message) => {
      // Chromium logs each failed request; the page itself shows those errors.
      const refused = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !refused) pageErrors.push(`console: ${message.text()}`);
    });
    return page;
  }

  async function signIn(user, secret) {
    await page.getByLabel('Usuario', { exact: true }).fill(user);
    await page.getByLabel('Contraseña', { exact: true }).fill(secret);
    await button('Entrar').click();
    // On a phone, the name is in the menu, which is not drawn until it is opened.
    const signedIn = viewport.width < 768 ? page.locator('#content') : page.getByTestId('user-name');
    await signedIn.waitFor({ timeout: LONG });
  }

  /** Waits until dialogs have faded in and colours have changed. */
  async function still() {
    // What has just changed begins its transitions with the next frame.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== 'running' || animation.effect?.getComputedTiming().iterations === Infinity));
  }

  async function takeScreenshot(name, options = {}) {
    if (!screenshotFolder) return;
    await still();
    await page.screenshot({ path: join(screenshotFolder, `${name}.png`), animations: 'disabled', ...options });
  }

  /** Checks the screen with axe, which measures the contrast of colours, without the rules in
   * `ignored`. */
  async function audit(where, ignored = []) {
    await still();
    await page.evaluate(readFileSync(AXE, 'utf8'));
    const violationText = await page.evaluate(async (off) => {
      const rules = Object.fromEntries(off.map((id) => [id, { enabled: false }]));
      const { violations } = await window.axe.run({ resultTypes: ['violations'], rules });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n  ')}`);
    }, ignored);
    assertEqual(violationText.join('\n'), '', `${where}: what axe complains of`);
  }

  /** Waits until nothing is wider than the window: the layout follows a new window size late. */
  const assertNoSidewaysScroll = (where) =>
    eventually(`${where}: nothing is wider than the window`, () =>
      page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 5_000);

  const assertNoPageErrors = () => assert(pageErrors.length === 0, pageErrors.join('\n'));

  async function close() {
    if (screenshotFolder && page) await page.screenshot({ path: join(screenshotFolder, 'last.png') }).catch(() => {});
    await browser?.close();
  }

  return { api, audit, button, close, dialog, signIn, assertNoPageErrors, assertNoSidewaysScroll, open, takeScreenshot, waitForText };
}
